// Generated from web/api/node.json by `npm run generate`: do not edit.
export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The screens; the start page where they were not built */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html; charset=utf-8": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/blobs/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    hash: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        /** Keep a file: a signature, a photo */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    hash: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": string;
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StoredBlob"];
                    };
                };
                /** @description Done */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StoredBlob"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `CHECKSUM_MISMATCH`: The bytes are not those of their checksum */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "CHECKSUM_MISMATCH";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE";
                        };
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Clients */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeEntityRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Create a client */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "fields": {
                     *         "city": "Lyon",
                     *         "name": "Dupont"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * UPDATE 1
                         * @description Only the fields that change; null removes one.
                         */
                        fields: Record<string, never>;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One client */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for the If-Match of an edit. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeEntityRow"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        /** The same as PATCH: fields that are not named stay */
        put: {
            parameters: {
                query?: never;
                header: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                    /** @description The ETag of what was read */
                    "If-Match": string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "fields": {
                     *         "city": "Lyon",
                     *         "name": "Dupont"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * UPDATE 1
                         * @description Only the fields that change; null removes one.
                         */
                        fields: Record<string, never>;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        post?: never;
        /** Delete a client */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                    /** @description The ETag of what was read */
                    "If-Match": string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "user": "u-12"
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change fields of a client */
        patch: {
            parameters: {
                query?: never;
                header: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                    /** @description The ETag of what was read */
                    "If-Match": string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "fields": {
                     *         "city": "Lyon",
                     *         "name": "Dupont"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * UPDATE 1
                         * @description Only the fields that change; null removes one.
                         */
                        fields: Record<string, never>;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                    /** @description Only this number. */
                    reference?: string;
                    /** @description Only validated deliveries, or only those to validate. */
                    validated?: boolean;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeDeliveryRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Validate a delivery: the first validation wins */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "qr": "qr-1",
                     *       "validated_at": "2026-01-05T09:00:00Z"
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /** @description Degrees north. */
                        latitude?: string | number;
                        /** @description Degrees east. */
                        longitude?: string | number;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description BLAKE3 of the photo's file. 64 hex digits. */
                        photo_hash?: string;
                        /** @description What was scanned. */
                        qr: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description BLAKE3 of the signature's file. 64 hex digits. */
                        signature_hash?: string;
                        /** @description Who acted. */
                        user?: string | null;
                        /** @description When, as the driver's device says. RFC 3339. */
                        validated_at: string;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{type}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The entities of one type */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path: {
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeEntityRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/entities/{type}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One entity of any type */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for the If-Match of an edit. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeEntityRow"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The log, page by page, or the `last` events */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the page before. */
                    after?: string;
                    /** @description Without `after`: start at the last that many events. */
                    last?: number;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventPage"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Append one draft, a list (all or nothing), or a stream */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "action": "CREATE",
                     *       "entity_id": "c-77",
                     *       "entity_type": "CLIENT",
                     *       "id": "0199a8f0-0000-7000-8000-000000000001",
                     *       "payload": {
                     *         "name": "Dupont"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Draft"] | components["schemas"]["Draft"][];
                    "application/x-ndjson": string;
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                        "application/x-ndjson": string;
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BATCH_REJECTED`: Another draft of the list was refused; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BATCH_REJECTED" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One event, with what central decided */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Event"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{id}/print": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Prints the receipt of a sale or a refund */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PrintedReceipt"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content; `PRINTER_MISSING`: This node has no printer */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED" | "PRINTER_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `NO_RECEIPT`: The event has no receipt; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "NO_RECEIPT" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `PRINTER_UNREACHABLE`: The printer cannot be reached; nothing was printed; `PRINT_INCOMPLETE`: The printer was lost; the receipt may be printed in part; `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRINTER_UNREACHABLE" | "PRINT_INCOMPLETE" | "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The log as a bundle, for an auditor */
        get: {
            parameters: {
                query?: {
                    /** @description `true`: export the readable part of a damaged log. The bundle does not reach the heads that it names. */
                    incomplete?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/vnd.comptoir.bundle": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invoices */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                    /** @description Only this number. */
                    reference?: string;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeInvoiceRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Create an invoice */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "client": "c-1",
                     *       "currency": "EUR",
                     *       "lines": [
                     *         {
                     *           "product": "85123A",
                     *           "quantity": "2",
                     *           "unit_price": "2.55"
                     *         }
                     *       ],
                     *       "total_minor": 510
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /** @description Entity id of the client. */
                        client: string;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description ISO 4217 code of every amount in this payload. */
                        currency: string;
                        /** @description Day it is due. */
                        due_on?: string;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /** @description What is invoiced. */
                        lines: {
                            /** @description As printed. */
                            description?: string;
                            /** @description Taken off the line, minor units. */
                            discount_minor?: number;
                            /** @description Entity id of the product, as written: letter case counts. */
                            product: string;
                            /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                            quantity: string;
                            /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                            unit_price: string;
                            /** @description Tax rate in per cent, such as "20" or "5.5". */
                            vat_rate?: string;
                        }[];
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /**
                         * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
                         * @enum {unknown}
                         */
                        price_basis?: "gross" | "net";
                        /** @description What the node printed before central numbered it. */
                        provisional_reference?: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
                        total_minor: number;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invoices/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel an invoice */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "reason": "made twice"
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Why. */
                        reason: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/local-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every local key, without its secret */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LocalKeyRowList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Makes a local key, shown this once */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "grants": [
                     *         "read",
                     *         "record:SALE_RECORDED"
                     *       ],
                     *       "label": "till 2"
                     *     }
                     */
                    "application/json": components["schemas"]["LocalKeyRequest"];
                };
            };
            responses: {
                /** @description Done */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewLocalKey"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/local-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a local key */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LocalKeyRow"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE";
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a person should hear */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                    /** @description Only unseen notifications. */
                    unseen?: boolean;
                };
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NotificationList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/{id}/seen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A person has seen it */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Notification"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Products */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeEntityRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What waits to be sent */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Queue"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queue/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The events that wait to be sent, oldest first */
        get: {
            parameters: {
                query?: {
                    /** @description Maximum number of events. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/receptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record goods that came in */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "currency": "EUR",
                     *       "lines": [
                     *         {
                     *           "product": "85123A",
                     *           "quantity": "6",
                     *           "unit_cost": "1.25"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description ISO 4217 code of every amount in this payload. */
                        currency?: string;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /** @description What came or went. */
                        lines: {
                            /** @description The supplier's lot. */
                            lot?: string;
                            /** @description Entity id of the product. */
                            product: string;
                            /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                            quantity: string;
                            /** @description Cost of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                            unit_cost: string;
                        }[];
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description The supplier's document. */
                        reference?: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description From or to whom. */
                        supplier?: string;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record a refund */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "currency": "EUR",
                     *       "lines": [
                     *         {
                     *           "product": "85123A",
                     *           "quantity": "2",
                     *           "unit_price": "2.55"
                     *         }
                     *       ],
                     *       "original": "S-1",
                     *       "total_minor": 510
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description Where to. */
                        country?: string;
                        /** @description ISO 4217 code of every amount in this payload. */
                        currency: string;
                        /** @description Entity id of the client. */
                        customer?: string;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /** @description What was sold. */
                        lines: {
                            /** @description As printed. */
                            description?: string;
                            /** @description Taken off the line, minor units. */
                            discount_minor?: number;
                            /** @description Entity id of the product, as written: letter case counts. */
                            product: string;
                            /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                            quantity: string;
                            /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                            unit_price: string;
                            /** @description Tax rate in per cent, such as "20" or "5.5". */
                            vat_rate?: string;
                        }[];
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description Entity id of the sale; may be unknown. */
                        original?: string;
                        /** @description How it was paid. */
                        payments?: {
                            /** @description How much. An integer of minor units. */
                            amount_minor: number;
                            /** @description How: cash, card... */
                            method: string;
                        }[];
                        /**
                         * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
                         * @enum {unknown}
                         */
                        price_basis?: "gross" | "net";
                        /** @description Why. */
                        reason?: string;
                        /** @description Printed number. */
                        receipt_no?: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
                        total_minor: number;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sales and refunds of this node, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Record a sale */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Names the request where a draft has no id */
                    "Idempotency-Key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "currency": "EUR",
                     *       "lines": [
                     *         {
                     *           "product": "85123A",
                     *           "quantity": "2",
                     *           "unit_price": "2.55"
                     *         }
                     *       ],
                     *       "total_minor": 510
                     *     }
                     */
                    "application/json": {
                        /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
                        base_version?: number | null;
                        /**
                         * Format: uuid
                         * @description The event that caused this one.
                         */
                        causation?: string | null;
                        /**
                         * Format: uuid
                         * @description Groups events across entities.
                         */
                        correlation?: string | null;
                        /** @description Where to. */
                        country?: string;
                        /** @description ISO 4217 code of every amount in this payload. */
                        currency: string;
                        /** @description Entity id of the client. */
                        customer?: string;
                        /** @description The entity's id within its type. */
                        entity_id?: string;
                        /**
                         * Format: uuid
                         * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
                         */
                        id?: string | null;
                        /** @description What was sold. */
                        lines: {
                            /** @description As printed. */
                            description?: string;
                            /** @description Taken off the line, minor units. */
                            discount_minor?: number;
                            /** @description Entity id of the product, as written: letter case counts. */
                            product: string;
                            /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                            quantity: string;
                            /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                            unit_price: string;
                            /** @description Tax rate in per cent, such as "20" or "5.5". */
                            vat_rate?: string;
                        }[];
                        /**
                         * Format: date-time
                         * @description RFC 3339; the node's clock where absent.
                         */
                        occurred_at?: string | null;
                        /** @description How it was paid. */
                        payments?: {
                            /** @description How much. An integer of minor units. */
                            amount_minor: number;
                            /** @description How: cash, card... */
                            method: string;
                        }[];
                        /**
                         * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
                         * @enum {unknown}
                         */
                        price_basis?: "gross" | "net";
                        /** @description Printed number. */
                        receipt_no?: string;
                        /** @description Version of the action's schema; 1 where absent. */
                        schema_version?: number | null;
                        /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
                        total_minor: number;
                        /** @description Who acted. */
                        user?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One sale of this node with its refunds, by the event's id or the receipt's number */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SaleAndRefunds"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/saved-forms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the saved forms */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedFormList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/saved-forms/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a saved form */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names the saved form as it is now, for the If-Match of the next save, submission or deletion. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedForm"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        /** Saves a form, replacing the version that was read */
        put: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The ETag of the version read or saved last, if the form exists */
                    "If-Match"?: string;
                    /** @description `*`: the form must not exist yet */
                    "If-None-Match"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "action": "CREATE",
                     *       "entity_type": "CLIENT",
                     *       "payload": {
                     *         "name": "Dup"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SavedFormRequest"];
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names the saved form as it is now, for the If-Match of the next save, submission or deletion. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedForm"];
                    };
                };
                /** @description Done */
                201: {
                    headers: {
                        /** @description Names the saved form as it is now, for the If-Match of the next save, submission or deletion. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SavedForm"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        post?: never;
        /** Deletes a saved form */
        delete: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of what was read */
                    "If-Match": string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done; no body */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/saved-forms/{id}/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turns a saved form into an event, once */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description The ETag of what was read */
                    "If-Match": string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AppendResponse"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read; `IDEMPOTENCY_KEY_MISSING`: A draft without an id needs an Idempotency-Key header */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER" | "IDEMPOTENCY_KEY_MISSING";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `EVENT_ID_REUSED`: The id was used before, for other content */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "EVENT_ID_REUSED";
                        };
                    };
                };
                /** @description `PRECONDITION_FAILED`: The entity changed since it was read */
                412: {
                    headers: {
                        /** @description The present ETag. */
                        ETag?: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_FAILED";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `INVALID_PAYLOAD`: The payload does not fit its schema; `UNKNOWN_SCHEMA`: No schema of that action and version; `TOTAL_MISMATCH`: The total is not the sum of the lines; `STOCK_READ_ONLY`: Only central sets stock; `CENTRAL_ONLY`: Only central writes this; `BLOB_MISSING`: A file that the event names is not here yet */
                422: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "BLOB_MISSING";
                        };
                    };
                };
                /** @description `PRECONDITION_REQUIRED`: An edit must name what it was made from: the ETag that reading gave */
                428: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "PRECONDITION_REQUIRED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `QUEUE_FULL`: Too much waits to be written; `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `RESTORE_IN_PROGRESS`: Central was restored and waits for its nodes' prior decisions; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `OUTCOME_UNKNOWN`: Whether it was written is not known; ask again */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "QUEUE_FULL" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "OUTCOME_UNKNOWN";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full; `STORE_FULL`: The store's disk is full; nothing was written */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE" | "STORE_FULL";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who calls, and what the caller may do */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionState"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        /** Opens a session: of a user, or of the local key in the header */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "login": "amelie",
                     *       "password": "quatre mots au hasard"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionRequest"];
                };
            };
            responses: {
                /** @description Done */
                201: {
                    headers: {
                        /** @description The session: HttpOnly, SameSite=Strict; over TLS `__Host-` and Secure. */
                        "Set-Cookie": string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionState"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `LOGIN_FAILED`: The login or the password is wrong; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked; `PASSWORD_REQUIRED`: The password is needed, not the PIN */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "LOGIN_FAILED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED" | "PASSWORD_REQUIRED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `TOO_MANY_ATTEMPTS`: Too many failed logins; `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS" | "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        /** Ends the session of the cookie */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done; no body */
                204: {
                    headers: {
                        /** @description Removes the cookie. */
                        "Set-Cookie": string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/lock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Locks the session of the cookie */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionState"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/pin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets the PIN of the session's user, or removes it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "password": "quatre mots au hasard",
                     *       "pin": "4071"
                     *     }
                     */
                    "application/json": components["schemas"]["PinRequest"];
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionState"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `LOGIN_FAILED`: The login or the password is wrong; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked; `PASSWORD_REQUIRED`: The password is needed, not the PIN */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "LOGIN_FAILED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED" | "PASSWORD_REQUIRED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `WEAK_PASSWORD`: The password is easy to guess */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "WEAK_PASSWORD";
                        };
                    };
                };
                /** @description `TOO_MANY_ATTEMPTS`: Too many failed logins; `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS" | "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_READ_ONLY" | "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Unlocks the session of the cookie */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "pin": "4071"
                     *     }
                     */
                    "application/json": components["schemas"]["UnlockRequest"];
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionState"];
                    };
                };
                /** @description `MALFORMED_BODY`: The body is not the JSON expected here; `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "MALFORMED_BODY" | "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `LOGIN_FAILED`: The login or the password is wrong; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked; `PASSWORD_REQUIRED`: The password is needed, not the PIN */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "LOGIN_FAILED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED" | "PASSWORD_REQUIRED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `REQUEST_TIMEOUT`: The request did not arrive in time */
                408: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "REQUEST_TIMEOUT";
                        };
                    };
                };
                /** @description `TOO_LARGE`: Over a limit */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_LARGE";
                        };
                    };
                };
                /** @description `UNSUPPORTED_MEDIA_TYPE`: This content type is not understood here */
                415: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNSUPPORTED_MEDIA_TYPE";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `TOO_MANY_ATTEMPTS`: Too many failed logins; `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "TOO_MANY_ATTEMPTS" | "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The node's status */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeStatus"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Stock: central's figures, and what waits here */
        get: {
            parameters: {
                query?: {
                    /** @description `next_cursor` of the page before. */
                    cursor?: string;
                    /** @description Maximum number of rows of the page. */
                    limit?: number;
                    /** @description Only this product. */
                    product?: string;
                    /** @description Only this shop. */
                    site?: string;
                };
                header?: {
                    /** @description An ETag that is held already */
                    "If-None-Match"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NodeStockRowList"];
                    };
                };
                /** @description Done; no body */
                304: {
                    headers: {
                        /** @description Names what was read: for If-None-Match. */
                        ETag: string;
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What changes, as it changes */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/user-names": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The names of the users whom this node knows */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserNameList"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential; `TOKEN_EXPIRED`: The access token has expired; `REAUTHENTICATION_REQUIRED`: The login has ended; log in again; `SESSION_LOCKED`: The session is locked */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked; `FORBIDDEN`: The credential may not do this; `ORIGIN_REFUSED`: A page of another site may not change anything here */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED" | "FORBIDDEN" | "ORIGIN_REFUSED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file that the screens load; its name has a digest of its content */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ca": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How to trust the certificates of the shops' network, for a browser */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html; charset=utf-8": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ca.crt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The certificate of the certificate authority */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-x509-ca-cert": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `CA_MISSING`: There is no certificate authority here */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "CA_MISSING";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document for people */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html; charset=utf-8": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process is running */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters, for Prometheus; from another machine with a credential */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain; version=0.0.4; charset=utf-8": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `UNAUTHORIZED`: No valid credential */
                401: {
                    headers: {
                        "WWW-Authenticate": "Bearer";
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "UNAUTHORIZED";
                        };
                    };
                };
                /** @description `FORBIDDEN`: The credential may not do this */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "FORBIDDEN";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/r/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a receipt is genuine; a page for a browser */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReceiptProof"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/r/{code}/qr.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The QR code of a receipt */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/svg+xml": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `NOT_FOUND`: There is nothing of that name */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "NOT_FOUND";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The log takes events */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `DEVICE_REVOKED`: The device was revoked */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "DEVICE_REVOKED";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_READ_ONLY`: The log takes nothing more until an operator has looked; `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written; `STORE_NOT_ANSWERING`: The store does not answer */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_READ_ONLY" | "LOG_DAMAGED" | "STORE_UNAVAILABLE" | "STORE_NOT_ANSWERING";
                        };
                    };
                };
                /** @description `INSUFFICIENT_STORAGE`: The disk is nearly full */
                507: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INSUFFICIENT_STORAGE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The node's status, for a browser */
        get: {
            parameters: {
                query?: never;
                header?: {
                    /** @description `en`; French otherwise */
                    "Accept-Language"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html; charset=utf-8": string;
                    };
                };
                /** @description `INVALID_PARAMETER`: A parameter does not read */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INVALID_PARAMETER";
                        };
                    };
                };
                /** @description `METHOD_NOT_ALLOWED`: The path does not take that method */
                405: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "METHOD_NOT_ALLOWED";
                        };
                    };
                };
                /** @description `HOST_REFUSED`: This server does not answer to that host name */
                421: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "HOST_REFUSED";
                        };
                    };
                };
                /** @description `RATE_LIMITED`: Too many requests */
                429: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "RATE_LIMITED";
                        };
                    };
                };
                /** @description `INTERNAL`: A defect of this program */
                500: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "INTERNAL";
                        };
                    };
                };
                /** @description `LOG_DAMAGED`: The log is damaged; what was asked for may exist and cannot be read; `STORE_UNAVAILABLE`: The store cannot be reached; nothing was written */
                503: {
                    headers: {
                        /** @description Seconds to wait. */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"] & {
                            /** @enum {unknown} */
                            code?: "LOG_DAMAGED" | "STORE_UNAVAILABLE";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The answer for one durable draft. */
        Appended: {
            /** @description The chain after it, hex. */
            chain: string;
            /** @description Whether it was durable before this request. */
            duplicate: boolean;
            /**
             * Format: uuid
             * @description The event.
             */
            event_id: string;
            /** @description Its number in the node's epoch. */
            seq: number;
        };
        /** @description The answer to one draft or a list: one result each, in order. */
        AppendResponse: {
            /** @description In the order of the drafts. */
            results: components["schemas"]["Appended"][];
        };
        /** @description The users whom a node knows. */
        CachedUsersStatus: {
            /** @description Number of users. */
            cached: number;
            /** @description Age of the last contact in which central confirmed them. The clock cannot make it younger. */
            contact_age_seconds: number;
            /** @description Position of the last change of users and rights that this node knows. */
            identity_position: number;
            /** @description Whether that is longer ago than `OFFLINE_VERIFIER_HOURS`: then a PIN is not enough. */
            password_required: boolean;
        };
        /** @description The certificate that central issues to a node. */
        CertificateStatus: {
            /** @description Why the last request for one failed. */
            last_error?: components["schemas"]["SyncIssue"];
            /** @description The names and addresses that it is for; empty before the first one. */
            names: string[];
            /**
             * Format: date-time
             * @description When it expires.
             */
            not_after?: string;
            /**
             * Format: date-time
             * @description When the node asks for the next one.
             */
            renew_at?: string;
        };
        /** @description The state of a device. */
        DeviceStatus: {
            /** @description False once the device is revoked. */
            is_active: boolean;
            /** @description Whether the user must sign in again. */
            requires_reauth: boolean;
        };
        /** @description A draft as a caller posts it. Unknown fields are refused, because a misspelt one would be lost. */
        Draft: {
            /** @description `SALE_RECORDED`, `UPDATE`... */
            action: string;
            /** @description The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`. */
            base_version?: number | null;
            /**
             * Format: uuid
             * @description The event that caused this one.
             */
            causation?: string | null;
            /**
             * Format: uuid
             * @description Groups events across entities.
             */
            correlation?: string | null;
            /** @description The entity's id within its type. */
            entity_id: string;
            /** @description `SALE`, `INVOICE`, `STUDENT`... */
            entity_type: string;
            /**
             * Format: uuid
             * @description Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
             */
            id?: string | null;
            /**
             * @description For UPDATE and DELETE: the entity's ETag as it was read, with its quotes. It implies `base_version` and is not part of the
             *     event. At a node the ETag has more than a version while events of that node are pending over the entity.
             */
            if_match?: string | null;
            /**
             * Format: date-time
             * @description RFC 3339; the node's clock where absent.
             */
            occurred_at?: string | null;
            /** @description The payload; its bytes are stored unchanged. */
            payload: unknown;
            /** @description Version of the action's schema; 1 where absent. */
            schema_version?: number | null;
            /** @description Who acted. */
            user?: string | null;
        };
        /** @description An epoch on the wire. */
        Epoch: {
            /**
             * Format: uuid
             * @description Random UUID.
             */
            id: string;
            /** @description Number, from 1. */
            number: number;
        };
        /** @description A sealed event as it is shown. */
        Event: {
            /** @description Action, such as `SALE_RECORDED`. */
            action: string;
            /** @description What the writer had seen. */
            base_version?: number;
            /** @description The chain after it, hex. */
            chain: string;
            /** @description What central decided, once it has. */
            decision?: components["schemas"]["RecordResult"];
            /** @description Its entity's id. */
            entity_id: string;
            /** @description Its entity's type. */
            entity_type: string;
            /** @description The node's epoch number. */
            epoch: number;
            /**
             * Format: uuid
             * @description The event's id.
             */
            id: string;
            /** @description Whether central has decided the event; at a node only. */
            is_synced?: boolean;
            /**
             * Format: date-time
             * @description At a node only: when central's answer arrived, by the node's clock.
             */
            last_sync_at?: string;
            /**
             * Format: uuid
             * @description The node that sealed it.
             */
            node: string;
            /**
             * Format: date-time
             * @description When the event happened.
             */
            occurred_at: string;
            /** @description The payload, or its text where it is no JSON. */
            payload: unknown;
            /** @description The number in the tenant's order; at central only. */
            position?: number;
            /** @description The path that says whether a receipt of this event is genuine, for the receipt's QR code. */
            receipt?: string;
            /** @description Schema version of the payload. */
            schema_version: number;
            /** @description Its number in the epoch. */
            seq: number;
            /**
             * Format: uuid
             * @description The shop.
             */
            site?: string;
            /**
             * @description At a node only: `PENDING`, `SENDING`, `ACKED`, or `FAILED` if central does not let it take effect as it is (CONFLICT,
             *     REJECTED); the decision has the reason.
             * @enum {string}
             */
            status?: "PENDING" | "SENDING" | "ACKED" | "FAILED";
            /**
             * Format: uuid
             * @description The tenant.
             */
            tenant: string;
            /** @description Who acted. */
            user?: string;
        };
        /** @description One page of a list. */
        EventList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["Event"][];
        };
        /**
         * @description `GET /api/v1/events`: one page of the log in its order; the same at a node and at central.
         *
         *     Central also lists unreadable records, since they have positions: with empty `entity_type`, `entity_id` and `action` (which no
         *     event has), the time of receipt as `occurred_at`, a null payload, and the decision that quarantined them.
         */
        EventPage: {
            /** @description The events after the cursor that was given. */
            events: components["schemas"]["Event"][];
            /** @description Whether there was more when the page was read. */
            more: boolean;
            /** @description The cursor of the next page: the end of what was looked at for this page, or the given cursor if that was nothing. */
            next: string;
        };
        /** @description `GET /healthz` and `GET /readyz`. */
        Health: {
            /**
             * Format: uuid
             * @description The incarnation of this central; at central's `readyz` only.
             */
            incarnation?: string;
            /**
             * @description `ok`: the process lives; `ready`: it can do its work.
             * @enum {string}
             */
            status: "ok" | "ready";
        };
        /** @description A role, at one site or at every site. */
        HeldRole: {
            /** @description The role's name. */
            role: string;
            /**
             * Format: uuid
             * @description The site; null for every site.
             */
            site: string | null;
        };
        /** @description One line of the answer to an NDJSON stream. */
        LineResult: components["schemas"]["Appended"] | {
            /**
             * Format: uuid
             * @description The draft's id, where it could be read.
             */
            event_id?: string;
            /** @description Line number in the stream, from 1. */
            line: number;
            /** @description What was wrong. */
            problem: components["schemas"]["Problem"];
        };
        /** @description `event: marks` of `GET /api/v1/stream`: the marks of the open epoch. */
        LiveMarks: {
            /** @description Last seq that central has decided. */
            acked: number;
            /** @description Last seq that was given out. */
            appended: number;
            /** @description Last seq on disk. */
            durable: number;
            /** @description The epoch's number. */
            epoch: number;
        };
        /** @description `event: notifications`. */
        LiveNotifications: {
            /** @description Number of unseen notifications, up to 1,000. */
            unseen: number;
        };
        /** @description `event: queue`: pending events. Their age alone is not a change. */
        LiveQueue: {
            /** @description Events that central has not answered for. */
            pending: number;
            /** @description Events that need a person. */
            to_review: number;
        };
        /** @description `event: sync`: the connection to central. */
        LiveSync: {
            /** @description The code of what a person should look at. */
            alert: string | null;
            /** @description Every change up to this position is here. */
            complete_through: number | null;
            /** @description The code of the last failure since the last success. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description When central last answered as it should.
             */
            last_success_at: string | null;
            /** @description Rows of a first load under way. */
            loaded_rows: number | null;
            /**
             * @description What the agent is doing.
             * @enum {string}
             */
            phase: "disabled" | "idle" | "sending" | "waiting" | "stopped";
            /** @description Raised with every change of the rows. */
            rows: number;
        };
        /** @description A local key to be made. */
        LocalKeyRequest: {
            /**
             * @description What it may do: `read`, `record`, `record:ACTION`, `record:ACTION:ENTITY_TYPE`, `audit`, `export`, `administer`. Absent:
             *     `read` and `record`.
             */
            grants?: string[] | null;
            /** @description What it is for. */
            label: string;
        };
        /** @description A local key without its secret. */
        LocalKeyRow: {
            /**
             * Format: date-time
             * @description When it was made, by the node's clock.
             */
            created_at: string;
            /** @description What it may do. */
            grants: string[];
            /** @description Its public part. */
            id: string;
            /** @description What it is for. */
            label: string;
            /**
             * Format: date-time
             * @description The hour of its last use.
             */
            last_used_at?: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string;
        };
        /** @description One page of a list. */
        LocalKeyRowList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["LocalKeyRow"][];
        };
        /** @description Progress of the check of the whole chain. */
        LogCheck: {
            /** @description What it found: seq, expected and found. */
            finding?: string;
            /** @description Records that were followed. */
            records?: number;
            /**
             * @description `running`, `clean`, `found` or `stopped`.
             * @enum {string}
             */
            state: "running" | "clean" | "found" | "stopped";
        };
        /** @description A node's log. */
        LogStatus: {
            /** @description Last seq that central has decided. */
            acked: number;
            /** @description Last seq that was given out. */
            appended: number;
            /** @description How often the log was opened. */
            boot: number;
            /** @description The chain after the last durable record, hex. */
            chain: string;
            /** @description The check of the whole chain that runs after every start. */
            check: components["schemas"]["LogCheck"];
            /** @description Free bytes of its disk, if they can be read. */
            disk_free_bytes?: number;
            /** @description Whether events are refused for want of room. */
            disk_low: boolean;
            /** @description Last seq on disk. */
            durable: number;
            /** @description The open epoch. */
            epoch: components["schemas"]["Epoch"];
            /** @description The missing records, if the log lacks some. */
            missing?: components["schemas"]["MissingRecords"];
            /** @description Why it is not open. */
            reason?: string;
            /**
             * @description `open`, `damaged` (its check found something) or `failed` (a write failed): only the first takes events.
             * @enum {string}
             */
            state: "open" | "damaged" | "failed";
        };
        /** @description Records that a damaged log should have and lacks. */
        MissingRecords: {
            /** @description The epoch's number. */
            epoch: number;
            /** @description Seq of the first. */
            first: number;
            /** @description Seq of the last. */
            last: number;
        };
        /** @description A new local key. */
        NewLocalKey: {
            /**
             * Format: date-time
             * @description When it was made, by the node's clock.
             */
            created_at: string;
            /** @description What it may do. */
            grants: string[];
            /** @description Its public part. */
            id: string;
            /** @description The key itself, shown this once. */
            key: string;
            /** @description What it is for. */
            label: string;
            /**
             * Format: date-time
             * @description The hour of its last use.
             */
            last_used_at?: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at?: string;
        };
        /** @description A row as a node shows it: central's, with the node's pending events over it. */
        NodeDeliveryRow: {
            /** @description Who is to deliver. */
            assigned_to: string | null;
            /** @description The client. */
            client?: string;
            /** @description Its entity id. */
            id: string;
            /** @description Whether it is central's, with nothing over it. */
            is_synced: boolean;
            /**
             * Format: date-time
             * @description When the node received central's row; absent without one.
             */
            last_sync_at?: string;
            /** @description The node's pending events that are applied, in log order. */
            pending: components["schemas"]["PendingEvent"][];
            /** @description The code to scan. */
            qr: string | null;
            /** @description Printed number. Absent, like the client, if only a validation has arrived. */
            reference?: string;
            /**
             * Format: int64
             * @description Tax included, minor units.
             */
            total_minor: number | null;
            /** @description The first accepted validation. */
            validation: components["schemas"]["ValidationRow"] | null;
            /** @description Position of its last change. */
            version: number;
        };
        /** @description One page of a list. */
        NodeDeliveryRowList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["NodeDeliveryRow"][];
        };
        /** @description A row as a node shows it: central's, with the node's pending events over it. */
        NodeEntityRow: {
            /** @description Deleted, at that version. */
            deleted: boolean;
            /** @description `CLIENT`, `PRODUCT`, `STUDENT`... */
            entity_type: string;
            /** @description The writers' own JSON. */
            fields: Record<string, never>;
            /** @description Within its type. */
            id: string;
            /** @description Whether it is central's, with nothing over it. */
            is_synced: boolean;
            /**
             * Format: date-time
             * @description When the node received central's row; absent without one.
             */
            last_sync_at?: string;
            /** @description Maps each node with an open conflict to the event that waits for a person. */
            open_conflicts: Record<string, never>;
            /** @description The node's pending events that are applied, in log order. */
            pending: components["schemas"]["PendingEvent"][];
            /**
             * Format: date-time
             * @description When it happened, by that node's clock as far as central could correct it.
             */
            updated_at?: string;
            /**
             * @description The user who made the change of `version`, if the event names one. Resolutions, releases and a node's own pending edits
             *     are changes too.
             */
            updated_by?: string;
            /**
             * Format: uuid
             * @description The node.
             */
            updated_node?: string;
            /** @description Position of its last accepted change: what `If-Match` and `base_version` name. */
            version: number;
        };
        /** @description One page of a list. */
        NodeEntityRowList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["NodeEntityRow"][];
        };
        /** @description A row as a node shows it: central's, with the node's pending events over it. */
        NodeInvoiceRow: {
            /** @description The client's entity id. */
            client: string;
            /** @description The credit note's number, once cancelled. */
            credit_note: string | null;
            /** @description ISO 4217. */
            currency: string;
            /**
             * Format: date
             * @description `YYYY-MM-DD`.
             */
            due_on: string | null;
            /**
             * Format: uuid
             * @description The event that created it.
             */
            event_id: string;
            /** @description Its entity id. */
            id: string;
            /** @description Whether it is central's, with nothing over it. */
            is_synced: boolean;
            /**
             * Format: date-time
             * @description When the node received central's row; absent without one.
             */
            last_sync_at?: string;
            /** @description The node's pending events that are applied, in log order. */
            pending: components["schemas"]["PendingEvent"][];
            /** @description What the node had printed. */
            provisional_reference: string | null;
            /** @description Central's number. */
            reference: string;
            /**
             * Format: uuid
             * @description The shop; absent in the tenant's own series.
             */
            site: string | null;
            /**
             * Format: int64
             * @description Tax included, minor units.
             */
            total_minor: number;
            /** @description Position of its last change. */
            version: number;
        };
        /** @description One page of a list. */
        NodeInvoiceRowList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["NodeInvoiceRow"][];
        };
        /** @description How far a node has what central gives. */
        NodePull: {
            /** @description Every change up to this position is here; absent until the first bootstrap has ended. */
            complete_through?: number;
            /** @description Central's last status of this device. */
            device?: components["schemas"]["DeviceStatus"];
            /** @description About how many there are. */
            expected_rows?: number;
            /** @description Central's head, as it last said. */
            head?: number;
            /** @description The last failure since the last success. */
            last_error?: components["schemas"]["SyncIssue"];
            /** @description Rows of the current bootstrap received since this node was started. */
            loaded_rows?: number;
            /**
             * Format: date-time
             * @description When this node last had everything.
             */
            pulled_at?: string;
        };
        /** @description `GET /api/v1/status` at a node. */
        NodeStatus: {
            /** @description The log. */
            log: components["schemas"]["LogStatus"];
            /**
             * Format: uuid
             * @description The node.
             */
            node: string;
            /**
             * Format: date-time
             * @description The node's clock.
             */
            now: string;
            /** @description The node's Ed25519 public key, hex. */
            public_key: string;
            /** @description Events that wait for central. */
            queue: components["schemas"]["Queue"];
            /**
             * Format: uuid
             * @description The shop.
             */
            site: string;
            /** @description The line to central. */
            sync: components["schemas"]["NodeSync"];
            /**
             * Format: uuid
             * @description The tenant.
             */
            tenant: string;
            /** @description The users who may log in here without central; absent until central has sent them. */
            users?: components["schemas"]["CachedUsersStatus"];
            /** @description The program's version. */
            version: string;
        };
        /**
         * @description Stock as a node shows it: central's figure, its age, and separately the node's pending quantities. Nothing is computed from
         *     the two.
         */
        NodeStockRow: {
            /** @description Central's quantity sold below zero and not yet covered by received goods, a decimal. */
            backordered: string | null;
            /** @description Whether nothing waits here that moves it. */
            is_synced: boolean;
            /**
             * Format: date-time
             * @description The time up to which central's figure is known to hold: when the node last had everything. Absent before the first
             *     bootstrap.
             */
            known_at: string | null;
            /**
             * Format: date-time
             * @description When the node received central's row.
             */
            last_sync_at?: string;
            /** @description The product's entity id. */
            product: string;
            /** @description Central's figure, a decimal; absent if central has sent none. */
            quantity: string | null;
            /**
             * Format: uuid
             * @description The shop; absent for the tenant's own stock.
             */
            site: string | null;
            /** @description Position of its last change at central; 0 if central has sent none. */
            version: number;
            /** @description Quantities of this node's pending events. */
            waiting: components["schemas"]["WaitingStock"];
        };
        /** @description One page of a list. */
        NodeStockRowList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["NodeStockRow"][];
        };
        /** @description A node's line to central. */
        NodeSync: {
            /** @description What a person should look at. */
            alert?: components["schemas"]["SyncIssue"];
            /** @description Records that the next batch may have. */
            batch_records: number;
            /** @description Central's URL. */
            central_url?: string;
            /** @description The certificate that central issues to this node, if it asks for one. */
            certificate?: components["schemas"]["CertificateStatus"];
            /**
             * Format: int64
             * @description The node's clock minus central's, in milliseconds.
             */
            clock_offset_ms?: number;
            /**
             * Format: int64
             * @description The uncertainty of the offset in milliseconds: half the round-trip time.
             */
            clock_uncertainty_ms?: number;
            /** @description Whether this node sends at all. */
            enabled: boolean;
            /** @description Failures in a row. */
            failures: number;
            /**
             * Format: uuid
             * @description Which central answered last.
             */
            incarnation?: string;
            /** @description The last failure since then. */
            last_error?: components["schemas"]["SyncIssue"];
            /**
             * Format: date-time
             * @description When central last answered as it should.
             */
            last_success_at?: string;
            /**
             * @description `disabled`, `idle` (nothing to send), `sending`, `waiting` (until `retry_at`) or `stopped` (until a person has acted).
             * @enum {string}
             */
            phase: "disabled" | "idle" | "sending" | "waiting" | "stopped";
            /**
             * Format: uuid
             * @description The incarnation of the previous central, which was replaced since.
             */
            previous_incarnation?: string;
            /** @description How far this node has what central gives. */
            pull?: components["schemas"]["NodePull"];
            /**
             * Format: date-time
             * @description When it tries again.
             */
            retry_at?: string;
            /** @description Central's last signed statement of its head of this node. */
            signed_head?: components["schemas"]["SignedHead"];
        };
        /** @description A notification for the node's users. */
        Notification: {
            /**
             * Format: date-time
             * @description When the node stored it, by its clock.
             */
            at: string;
            /** @description Who decided, or was first, where a person did. */
            by?: string;
            /**
             * @description Why, as central said.
             * @enum {string}
             */
            code?: "ALREADY_VALIDATED" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "EVENT_ID_REUSED" | "UNDECODABLE" | "HEADER_MISMATCH" | "PREVIOUS_HEAD_MISMATCH" | "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "QR_MISMATCH" | "VERSION_CONFLICT" | "ENTITY_EXISTS" | "UNKNOWN_ENTITY" | "ENTITY_DELETED" | "OVERWRITTEN" | "ALREADY_CANCELLED" | "UNKNOWN_EVENT" | "ALREADY_APPLIED" | "ACTION_NOT_ALLOWED" | "ENTITY_TOO_LARGE" | "USER_UNKNOWN" | "NOT_PERMITTED" | "RIGHTS_WITHDRAWN" | "RIGHTS_UNKNOWN" | "DEVICE_REVOKED" | "GRACE_EXCEEDED" | "DECISION_FAILED";
            /** @description Central's additional data: a resolution, or a notice's data. */
            data?: unknown;
            /** @description What it means, in the same language. */
            detail: string;
            /** @description Of the event. */
            entity_id: string;
            /** @description Of the event. */
            entity_type: string;
            /**
             * Format: uuid
             * @description The node's own event that it is about.
             */
            event_id: string;
            /** @description Id of the notification. */
            id: string;
            /**
             * @description `ALREADY_VALIDATED`, `CONFLICT`, `REJECTED`, `QUARANTINED`, `SUPERSEDED`, `RELEASED`, `RESOLVED`, `DECISION_CHANGED` or
             *     `ROW_TOO_LARGE`.
             * @enum {string}
             */
            kind: "ALREADY_VALIDATED" | "CONFLICT" | "REJECTED" | "QUARANTINED" | "SUPERSEDED" | "RELEASED" | "RESOLVED" | "DECISION_CHANGED" | "ROW_TOO_LARGE";
            /** @description Of the decision, or of the event that says it. */
            position: number;
            /**
             * Format: date-time
             * @description When a person saw it.
             */
            seen_at?: string;
            /** @description One line, in the language that was asked for. */
            title: string;
        };
        /** @description One page of a list. */
        NotificationList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["Notification"][];
        };
        /**
         * AUDIT_RECORDED 1
         * @description Who did what, where: append-only.
         */
        "payload.AUDIT_RECORDED.v1": {
            /** @description What was done. */
            action: string;
            /** @description The device's circumstances. */
            context: {
                /** @description Of the application. */
                app_version?: string;
                /** @description Per cent, or a fraction of one. */
                battery_level?: number;
                /** @description Where. */
                location?: {
                    /** @description Degrees north. */
                    lat: string | number;
                    /** @description Degrees east. */
                    lng: string | number;
                };
                /** @description Such as wifi, 4g, none. */
                network_type?: string;
            };
            /** @description SHA-256 of what it speaks of. 64 hex digits. */
            payload_hash?: string;
            /** @description To what. */
            subject: {
                /** @description Its id. */
                entity_id: string;
                /** @description Its type. */
                entity_type: string;
            };
        };
        /**
         * AUDIT_RECORDED 2
         * @description A `LocalAuditEntry` of the mobile document, as the phone sent it. Further members are kept.
         */
        "payload.AUDIT_RECORDED.v2": {
            /** @description What was done: `DELIVERY_SCANNED`. */
            action: string;
            /** @description The device's circumstances. */
            context?: {
                /** @description Of the application. */
                app_version?: string | null;
                /** @description A fraction, or per cent. */
                battery_level?: number | null;
                /** @description Where. */
                location?: {
                    /** @description Degrees north. */
                    lat: number;
                    /** @description Degrees east. */
                    lng: number;
                } | null;
                /** @description Such as wifi, 4g, none. */
                network_type?: string | null;
            } | null;
            /** @description On which device, as the device says. */
            device_id?: string | null;
            /** @description To what: its id. */
            entity_id: string;
            /** @description To what: its type. */
            entity_type: string;
            /** @description By the device's clock. */
            occurred_at: string;
            /** @description SHA-256 of what it speaks of. */
            payload_hash?: string | null;
            /** @description The entry's state on the phone. */
            synced?: boolean | number | null;
            /** @description Who. */
            user_id?: string | number;
        };
        /**
         * CENTRAL_RESTORED 1
         * @description Central only: the store was restored from an older copy. Positions after the copy's end are given again, to other records.
         */
        "payload.CENTRAL_RESTORED.v1": {
            /** @description Nodes that central waits for. */
            awaited_nodes: number;
            /** @description The tenant's last position when the restore was recorded. */
            head: number;
            /** @description Why, in the operator's words. */
            reason?: string;
        };
        /**
         * CLOCK_CHANGED 1
         * @description What happened to the node's clock. Written by the node's log itself.
         */
        "payload.CLOCK_CHANGED.v1": {
            /**
             * @description The machine started; the clock was set; central's clock was compared with it.
             * @enum {unknown}
             */
            change: "started" | "stepped" | "measured";
            /** @description What the node's clock shows. RFC 3339. */
            clock: string;
            /** @description started: the latest time that the log had seen; stepped: what the clock would show had nobody set it; measured: central's clock. RFC 3339. */
            compared_with: string;
        };
        /**
         * CONFLICT_RESOLVED 1
         * @description Central only: a person closed a conflict.
         */
        "payload.CONFLICT_RESOLVED.v1": {
            /**
             * @description What the person chose, for the record.
             * @enum {unknown}
             */
            choice?: "server" | "local" | "merged";
            /** @description The event that opened the conflict. */
            event_id: string;
            /** @description Fields to set, null removes one; absent to keep the server's. */
            fields?: Record<string, never>;
        };
        /**
         * CREATE 1
         * @description All fields of a new entity, of a type that has no action of its own.
         */
        "payload.CREATE.v1": Record<string, never>;
        /**
         * DELETE 1
         * @description Deletes an entity; the object may say why.
         */
        "payload.DELETE.v1": Record<string, never>;
        /**
         * DELIVERY_CREATED 1
         * @description Central only: a delivery to make.
         */
        "payload.DELIVERY_CREATED.v1": {
            /** @description The user who is to deliver. */
            assigned_to?: string;
            /** @description Who receives. */
            client: string;
            /** @description What is delivered, as the order says. */
            lines?: Record<string, never>[];
            /** @description What the driver scans; made by central when absent. */
            qr?: string;
            /** @description Printed number. */
            reference: string;
            /** @description Tax included. An integer of minor units. */
            total_minor?: number;
        };
        /**
         * DELIVERY_VALIDATED 1
         * @description A delivery was handed over.
         */
        "payload.DELIVERY_VALIDATED.v1": {
            /** @description Degrees north. */
            latitude?: string | number;
            /** @description Degrees east. */
            longitude?: string | number;
            /** @description BLAKE3 of the photo's file. 64 hex digits. */
            photo_hash?: string;
            /** @description What was scanned. */
            qr: string;
            /** @description BLAKE3 of the signature's file. 64 hex digits. */
            signature_hash?: string;
            /** @description When, as the driver's device says. RFC 3339. */
            validated_at: string;
        };
        /**
         * DELIVERY_VALIDATED 2
         * @description A delivery was handed over. What is not known may be null.
         */
        "payload.DELIVERY_VALIDATED.v2": {
            /** @description Degrees north. */
            latitude?: string | number | null;
            /** @description Degrees east. */
            longitude?: string | number | null;
            /** @description BLAKE3 of the photo's file. 64 hex digits. */
            photo_hash?: string | null;
            /** @description What was scanned. */
            qr: string;
            /** @description BLAKE3 of the signature's file. 64 hex digits. */
            signature_hash?: string | null;
            /** @description When, as the driver's device says. RFC 3339. */
            validated_at: string;
        };
        /**
         * DELIVERY_VALIDATED 3
         * @description A row of the mobile document's table `pending_delivery_validations`, as the phone sent it. Further columns are kept.
         */
        "payload.DELIVERY_VALIDATED.v3": {
            /** @description The delivery: the event's entity. */
            delivery_id?: string;
            /** @description Degrees north. */
            latitude?: number | string | null;
            /** @description Degrees east. */
            longitude?: number | string | null;
            /** @description BLAKE3 of the photo's file, if it is uploaded. 64 hex digits. */
            photo_hash?: string | null;
            /** @description File of the photo on the phone: kept, not followed. */
            photo_path?: string | null;
            /** @description What was scanned. */
            qr_scanned: string;
            /** @description BLAKE3 of the signature's file, if it is uploaded. 64 hex digits. */
            signature_hash?: string | null;
            /** @description File of the signature on the phone: kept, not followed. */
            signature_path?: string | null;
            /** @description The row's state on the phone. */
            status?: string | null;
            /** @description When, as the driver's device says. ISO 8601, UTC without an offset. */
            validated_at: string;
        };
        /**
         * EPOCH_OPENED 1
         * @description The first record of an epoch.
         */
        "payload.EPOCH_OPENED.v1": {
            /** @description The previous epoch's head as central holds it. */
            previous: null | {
                /** @description Chain after that record. 64 hex digits. */
                chain: string;
                epoch: number;
                /** @description Its random id. */
                epoch_id: string;
                seq: number;
            };
            /** @description The node's Ed25519 public key. 64 hex digits. */
            public_key: string;
            /** @description first start, restore, fork... */
            reason: string;
        };
        /**
         * GOODS_RECEIVED 1
         * @description Goods came in: each line is a lot.
         */
        "payload.GOODS_RECEIVED.v1": {
            /** @description ISO 4217 code of every amount in this payload. */
            currency?: string;
            /** @description What came or went. */
            lines: {
                /** @description The supplier's lot. */
                lot?: string;
                /** @description Entity id of the product. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Cost of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_cost: string;
            }[];
            /** @description The supplier's document. */
            reference?: string;
            /** @description From or to whom. */
            supplier?: string;
        };
        /**
         * GOODS_RETURNED 1
         * @description Goods went back to the supplier.
         */
        "payload.GOODS_RETURNED.v1": {
            /** @description ISO 4217 code of every amount in this payload. */
            currency?: string;
            /** @description What came or went. */
            lines: {
                /** @description The supplier's lot. */
                lot?: string;
                /** @description Entity id of the product. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Cost of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_cost: string;
            }[];
            /** @description The supplier's document. */
            reference?: string;
            /** @description From or to whom. */
            supplier?: string;
        };
        /**
         * IDENTITY_CHANGED 1
         * @description Central only: the tenant, a user, a role, a node, a device, a key or a certificate changed. The entity is what changed: TENANT, USER, ROLE, NODE, DEVICE, SIGNING_KEY, API_KEY or CERTIFICATE with its id, never a person's name.
         */
        "payload.IDENTITY_CHANGED.v1": {
            /** @description The action of that permission; null for any. */
            action?: string | null;
            /** @description Who changed it: a user's id, a key's id, or `console` for a command on central's machine. */
            by: string;
            /**
             * @description What changed. No name, password or key is ever part of it.
             * @enum {string}
             */
            change: "tenant_created" | "user_created" | "user_renamed" | "user_disabled" | "user_enabled" | "user_erased" | "link_issued" | "password_set" | "role_assigned" | "role_removed" | "permission_allowed" | "permission_denied" | "signing_key_added" | "signing_key_retired" | "key_issued" | "key_revoked" | "device_moved" | "node_created" | "node_revoked" | "node_wiped" | "enrolment_issued" | "device_enrolled" | "device_renamed" | "device_revoked" | "device_wiped" | "certificate_issued";
            /** @description The entity type of that permission; null for any. */
            entity_type?: string | null;
            /** @description The names and addresses in a certificate. */
            names?: string[];
            /** @description The node of the log that central keeps for a device, or to which a certificate was issued. */
            node?: string;
            /** @description The operation that a role gained or lost. */
            operation?: string;
            /** @description Of a new tenant: what its roles may do. */
            permissions?: {
                /** @description Only this action; null for any. */
                action?: string | null;
                /** @description Only this entity type; null for any. */
                entity_type?: string | null;
                /** @description What it may do. */
                operation: string;
                /** @description The role. */
                role: string;
                /**
                 * @description How far it reaches.
                 * @enum {string}
                 */
                scope: "own_site" | "tenant";
            }[];
            /** @description Why a node was revoked. */
            reason?: string;
            /** @description The device whose place an enrolled device takes. */
            replaces?: string;
            /** @description The role that was assigned, removed or changed. */
            role?: string;
            /**
             * @description How far that permission reaches.
             * @enum {string}
             */
            scope?: "own_site" | "tenant";
            /** @description The site of the role or device; null for every site of the tenant. */
            site?: string | null;
            /** @description Events that a wiped node or device had not sent; they are lost. */
            unsent?: number;
            /** @description Until when a link, a retired key or a certificate is valid. */
            until?: string;
            /** @description The user to whom the device is or was enrolled. */
            user?: string;
        };
        /**
         * INVOICE_CANCELLED 1
         * @description Cancels an invoice; it keeps its number, and a credit note is issued.
         */
        "payload.INVOICE_CANCELLED.v1": {
            /** @description Entity id of the invoice. */
            invoice: string;
            /** @description Why. */
            reason: string;
        };
        /**
         * INVOICE_CREATED 1
         * @description An invoice; central numbers it.
         */
        "payload.INVOICE_CREATED.v1": {
            /** @description Entity id of the client. */
            client: string;
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description Day it is due. */
            due_on?: string;
            /** @description What is invoiced. */
            lines: {
                /** @description As printed. */
                description?: string;
                /** @description Taken off the line, minor units. */
                discount_minor?: number;
                /** @description Entity id of the product, as written: letter case counts. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_price: string;
                /** @description Tax rate in per cent, such as "20" or "5.5". */
                vat_rate?: string;
            }[];
            /**
             * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
             * @enum {unknown}
             */
            price_basis?: "gross" | "net";
            /** @description What the node printed before central numbered it. */
            provisional_reference?: string;
            /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
            total_minor: number;
        };
        /**
         * INVOICE_CREATED 2
         * @description A row of the mobile document's table `draft_invoices`, as the phone sent it, with the currency that central gave it.
         */
        "payload.INVOICE_CREATED.v2": {
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description The row, byte for byte. Further columns are kept. */
            row: {
                /** @description Entity id of the client. */
                client_id: number | string;
                /** @description Day it is due. */
                due_on?: string | null;
                /** @description What is invoiced, as in version 1. Without lines the invoice is one line of its total, flagged `LINES_MISSING`. */
                lines?: {
                    /** @description As printed. */
                    description?: string;
                    /** @description Taken off the line, minor units. */
                    discount_minor?: number;
                    /** @description Entity id of the product, as written: letter case counts. */
                    product: string;
                    /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                    quantity: string;
                    /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                    unit_price: string;
                    /** @description Tax rate in per cent, such as "20" or "5.5". */
                    vat_rate?: string;
                }[] | null;
                /** @description What the phone printed before central numbered it. */
                provisional_reference?: string | null;
                /** @description The row's state on the phone. */
                status?: string | null;
                /** @description Tax included. An integer of minor units, as in every row that the phone is sent. */
                total_ttc: number;
            };
        };
        /**
         * INVOICE_REFERENCE_ASSIGNED 1
         * @description Sealed by central together with an accepted invoice.
         */
        "payload.INVOICE_REFERENCE_ASSIGNED.v1": {
            /** @description The INVOICE_CREATED or INVOICE_CANCELLED event. */
            event_id: string;
            /** @description The number given. */
            reference: string;
        };
        /**
         * PRODUCTION_VALIDATED 1
         * @description Central only: what was made enters stock at its cost.
         */
        "payload.PRODUCTION_VALIDATED.v1": {
            /** @description ISO 4217 code of every amount in this payload. */
            currency?: string;
            /** @description What came or went. */
            lines: {
                /** @description The supplier's lot. */
                lot?: string;
                /** @description Entity id of the product. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Cost of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_cost: string;
            }[];
            /** @description The supplier's document. */
            reference?: string;
            /** @description From or to whom. */
            supplier?: string;
        };
        /**
         * QUARANTINE_RELEASED 1
         * @description Central only: the named event takes effect at this position.
         */
        "payload.QUARANTINE_RELEASED.v1": {
            /** @description The quarantined event. */
            event_id: string;
            /** @description Why. */
            reason?: string;
        };
        /**
         * REVENUE_ADJUSTED 1
         * @description Counts in revenue, not in stock.
         */
        "payload.REVENUE_ADJUSTED.v1": {
            /** @description Signed. An integer of minor units. */
            amount_minor: number;
            /** @description Where to. */
            country?: string;
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description Entity id of the client. */
            customer?: string;
            /** @description What it is about. */
            product?: string;
            /** @description Counted apart from what was sold. A signed decimal as a string, at most nine digits before and four after the point. */
            quantity?: string;
            /** @description Why. */
            reason: string;
        };
        /**
         * RULEBOOK_ADOPTED 1
         * @description Central only: in force from the next position on.
         */
        "payload.RULEBOOK_ADOPTED.v1": {
            /**
             * @description For types not named.
             * @enum {unknown}
             */
            default: "server_wins" | "first_wins" | "accept_assign" | "last_writer_wins" | "append_only" | "version_check" | "central_only";
            /** @description Entity type to rule. */
            rules: {
                [key: string]: "server_wins" | "first_wins" | "accept_assign" | "last_writer_wins" | "append_only" | "version_check" | "central_only";
            };
            /** @description Shown in each decision. */
            version: number;
        };
        /**
         * SALE_CANCELLED 1
         * @description A whole sale is undone: quantities are positive.
         */
        "payload.SALE_CANCELLED.v1": {
            /** @description Where to. */
            country?: string;
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description Entity id of the client. */
            customer?: string;
            /** @description What was sold. */
            lines: {
                /** @description As printed. */
                description?: string;
                /** @description Taken off the line, minor units. */
                discount_minor?: number;
                /** @description Entity id of the product, as written: letter case counts. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_price: string;
                /** @description Tax rate in per cent, such as "20" or "5.5". */
                vat_rate?: string;
            }[];
            /** @description Entity id of the sale; may be unknown. */
            original?: string;
            /** @description How it was paid. */
            payments?: {
                /** @description How much. An integer of minor units. */
                amount_minor: number;
                /** @description How: cash, card... */
                method: string;
            }[];
            /**
             * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
             * @enum {unknown}
             */
            price_basis?: "gross" | "net";
            /** @description Why. */
            reason?: string;
            /** @description Printed number. */
            receipt_no?: string;
            /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
            total_minor: number;
        };
        /**
         * SALE_RECORDED 1
         * @description A sale at a till.
         */
        "payload.SALE_RECORDED.v1": {
            /** @description Where to. */
            country?: string;
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description Entity id of the client. */
            customer?: string;
            /** @description What was sold. */
            lines: {
                /** @description As printed. */
                description?: string;
                /** @description Taken off the line, minor units. */
                discount_minor?: number;
                /** @description Entity id of the product, as written: letter case counts. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_price: string;
                /** @description Tax rate in per cent, such as "20" or "5.5". */
                vat_rate?: string;
            }[];
            /** @description How it was paid. */
            payments?: {
                /** @description How much. An integer of minor units. */
                amount_minor: number;
                /** @description How: cash, card... */
                method: string;
            }[];
            /**
             * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
             * @enum {unknown}
             */
            price_basis?: "gross" | "net";
            /** @description Printed number. */
            receipt_no?: string;
            /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
            total_minor: number;
        };
        /**
         * SALE_REFUNDED 1
         * @description Goods of a sale came back: quantities are positive.
         */
        "payload.SALE_REFUNDED.v1": {
            /** @description Where to. */
            country?: string;
            /** @description ISO 4217 code of every amount in this payload. */
            currency: string;
            /** @description Entity id of the client. */
            customer?: string;
            /** @description What was sold. */
            lines: {
                /** @description As printed. */
                description?: string;
                /** @description Taken off the line, minor units. */
                discount_minor?: number;
                /** @description Entity id of the product, as written: letter case counts. */
                product: string;
                /** @description How much; more than zero. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Price of one. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_price: string;
                /** @description Tax rate in per cent, such as "20" or "5.5". */
                vat_rate?: string;
            }[];
            /** @description Entity id of the sale; may be unknown. */
            original?: string;
            /** @description How it was paid. */
            payments?: {
                /** @description How much. An integer of minor units. */
                amount_minor: number;
                /** @description How: cash, card... */
                method: string;
            }[];
            /**
             * @description Whether prices include tax (gross, the default) or tax is added to each line (net).
             * @enum {unknown}
             */
            price_basis?: "gross" | "net";
            /** @description Why. */
            reason?: string;
            /** @description Printed number. */
            receipt_no?: string;
            /** @description Tax included; equals the sum of the lines, each rounded half up. An integer of minor units. */
            total_minor: number;
        };
        /**
         * SECURITY_RECORDED 1
         * @description Central only: something that looks like fraud or an attack.
         */
        "payload.SECURITY_RECORDED.v1": {
            /** @description What was seen, by kind. */
            details: Record<string, never>;
            /**
             * Format: uuid
             * @description The event that showed it.
             */
            event_id?: string;
            /** @description What it looks like. */
            kind: string;
            /**
             * Format: uuid
             * @description The log that it concerns.
             */
            node?: string;
            /** @description What it is about. */
            subject: {
                /** @description Its id. */
                entity_id: string;
                /** @description Its type. */
                entity_type: string;
            };
            /** @description Who acted. */
            user?: string;
        };
        /**
         * STOCK_ADJUSTED 1
         * @description Central only: signed movements.
         */
        "payload.STOCK_ADJUSTED.v1": {
            /** @description Movements. */
            lines: {
                /** @description Entity id of the product. */
                product: string;
                /** @description Signed, not zero. A signed decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
                /** @description Cost of what is added; the last cost where absent. Major units, a decimal as a string, at most nine digits before and six after the point. */
                unit_cost?: string;
            }[];
            /** @description Why. */
            reason: string;
        };
        /**
         * STOCK_COUNT_ACCEPTED 1
         * @description Central only: books what a count found.
         */
        "payload.STOCK_COUNT_ACCEPTED.v1": {
            /** @description The STOCK_COUNTED event. */
            event_id: string;
        };
        /**
         * STOCK_COUNTED 1
         * @description A count: a proposal until central accepts it.
         */
        "payload.STOCK_COUNTED.v1": {
            /** @description What was found; zero is a finding. */
            lines: {
                /** @description Entity id of the product. */
                product: string;
                /** @description How much. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
            }[];
            /** @description Why. */
            reason?: string;
        };
        /**
         * STOCK_WRITTEN_OFF 1
         * @description Goods that are gone.
         */
        "payload.STOCK_WRITTEN_OFF.v1": {
            /** @description Where to. */
            country?: string;
            /** @description Entity id of the client, where the source names one. */
            customer?: string;
            /** @description What is gone. */
            lines: {
                /** @description Entity id of the product. */
                product: string;
                /** @description How much. A decimal as a string, at most nine digits before and four after the point. */
                quantity: string;
            }[];
            /** @description Why. */
            reason: string;
        };
        /**
         * UPDATE 1
         * @description Only the fields that change; null removes one.
         */
        "payload.UPDATE.v1": Record<string, never>;
        /** @description A pending event of the node: shown in the row, and not yet in central's. */
        PendingEvent: {
            /** @description Action, such as `SALE_RECORDED`. */
            action: string;
            /** @description The number of its epoch. */
            epoch: number;
            /**
             * Format: uuid
             * @description The event.
             */
            event_id: string;
            /**
             * Format: date-time
             * @description When the event happened.
             */
            occurred_at: string;
            /** @description The writer's own JSON: of a validation the code, time, place and the hashes of its files. */
            payload: unknown;
            /** @description Its number in the epoch. */
            seq: number;
            /**
             * @description `PENDING`, `SENDING`, or `ACKED` if central accepted it and the node has not received its row yet.
             * @enum {string}
             */
            status: "PENDING" | "SENDING" | "ACKED" | "FAILED";
            /** @description Who acted. */
            user?: string;
        };
        /** @description `PUT /api/v1/session/pin`. */
        PinRequest: {
            /** @description The user's password. */
            password: string;
            /** @description Four to eight digits; null removes the PIN. */
            pin?: string | null;
        };
        /** @description `POST /api/v1/events/{id}/print`: a receipt was printed. */
        PrintedReceipt: {
            /** @description Which print of this receipt it is: 1 is the original, later ones are marked as duplicates. */
            copy: number;
        };
        /** @description One problem. */
        Problem: {
            /**
             * @description Stable code, see `ErrorCode`.
             * @enum {string}
             */
            code: "MALFORMED_BODY" | "INVALID_PARAMETER" | "UNSUPPORTED_MEDIA_TYPE" | "IDEMPOTENCY_KEY_MISSING" | "UNAUTHORIZED" | "LOGIN_FAILED" | "TOKEN_EXPIRED" | "REAUTHENTICATION_REQUIRED" | "SESSION_LOCKED" | "PASSWORD_REQUIRED" | "TOO_MANY_ATTEMPTS" | "LINK_INVALID" | "WEAK_PASSWORD" | "ALREADY_EXISTS" | "WRONG_TENANT" | "WRONG_NODE" | "DEVICE_NOT_ENROLLED" | "DEVICE_REVOKED" | "DEVICE_LIMIT" | "ENROLMENT_INVALID" | "FORBIDDEN" | "HOST_REFUSED" | "ORIGIN_REFUSED" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "UNKNOWN_ENTITY_TYPE" | "TOTAL_MISMATCH" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "ENTITY_TOO_LARGE" | "EVENT_ID_REUSED" | "PRECONDITION_FAILED" | "BATCH_REJECTED" | "TOO_LARGE" | "REQUEST_TIMEOUT" | "RATE_LIMITED" | "TLS_REQUIRED" | "CA_MISSING" | "NO_RECEIPT" | "PRINTER_MISSING" | "PRINTER_UNREACHABLE" | "PRINT_INCOMPLETE" | "NAME_NOT_ALLOWED" | "QUEUE_FULL" | "INSUFFICIENT_STORAGE" | "LOG_READ_ONLY" | "LOG_DAMAGED" | "SEQ_GAP" | "FORK" | "EPOCH_FROZEN" | "CHAIN_MISMATCH" | "KEY_CHANGED" | "PROOF_INVALID" | "PRECONDITION_REQUIRED" | "CHECKSUM_MISMATCH" | "BLOB_MISSING" | "INCARNATION_CHANGED" | "SCOPE_CHANGED" | "ALREADY_RESOLVED" | "POSITION_NOT_REACHED" | "AS_OF_IN_FUTURE" | "RESTORE_IN_PROGRESS" | "STORE_UNAVAILABLE" | "STORE_FULL" | "STORE_NOT_ANSWERING" | "STORE_RESTARTING" | "STORE_DAMAGED" | "OUTCOME_UNKNOWN" | "INTERNAL";
            /** @description What was wrong this time, with the values, and what to do. */
            detail: string;
            /** @description JSON pointer to what was wrong in the body, such as `/payload/lines/3/quantity`. */
            pointer?: string;
            /** @description Seconds to wait before a retry. */
            retry_after?: number;
            /** @description Whether the same request may succeed later. */
            retryable: boolean;
            /** @description HTTP status. */
            status: number;
            /** @description Short and fixed for a code. */
            title: string;
        } & {
            [key: string]: unknown;
        };
        /** @description What a record says. */
        ProvenRecord: {
            /** @description Action, such as `SALE_RECORDED`. */
            action: string;
            /** @description The currency of the total. */
            currency?: string;
            /** @description The id of the sale, the refund or the invoice. */
            entity_id: string;
            /**
             * Format: date-time
             * @description When it happened.
             */
            occurred_at: string;
            /**
             * Format: int64
             * @description The total in minor units.
             */
            total_minor?: number;
            /** @description Central's verdict, once it has decided. */
            verdict?: string;
        };
        /** @description `GET /api/v1/queue` at a node. */
        Queue: {
            /**
             * Format: date-time
             * @description When central last answered; absent before the first answer.
             */
            last_success_at: string | null;
            /** @description The age of the oldest waiting event; absent if none waits. */
            oldest_age_seconds: number | null;
            /** @description Events that central has not answered for. */
            pending: number;
            /** @description Events that need a person: unresolved conflicts, unreleased quarantined events, and rejections. */
            to_review: number;
            /** @description How long a request to central has waited for its answer; absent if none is waiting. */
            waiting_seconds?: number;
        };
        /** @description What a server knows of the record that a receipt names. It shows what the receipt shows, and nobody's name. */
        ReceiptProof: {
            /** @description The record, if its state is `RECORDED`. */
            record?: components["schemas"]["ProvenRecord"];
            /**
             * @description `RECORDED`: the log has this record, unchanged. `NOT_RECORDED`: it has not, or not yet. Whether it has another record at
             *     that place is not said: it would tell a stranger how many records there are.
             * @enum {string}
             */
            state: "RECORDED" | "NOT_RECORDED";
        };
        /** @description Events that may be recorded. */
        RecordableEvent: {
            /** @description Only this action; null for any. */
            action: string | null;
            /** @description Only this entity type; null for any. */
            entity_type: string | null;
        };
        /** @description What was decided about one record. */
        RecordResult: {
            /**
             * @description Central's attestation of an order-dependent decision: a node stores it and sends it with the record to a restored central.
             *     16 bytes in hex that only central can make or verify.
             */
            attestation?: string;
            /**
             * @description Why, where it is not plainly accepted.
             * @enum {string}
             */
            code?: "ALREADY_VALIDATED" | "STOCK_READ_ONLY" | "CENTRAL_ONLY" | "EVENT_ID_REUSED" | "UNDECODABLE" | "HEADER_MISMATCH" | "PREVIOUS_HEAD_MISMATCH" | "INVALID_PAYLOAD" | "UNKNOWN_SCHEMA" | "TOTAL_MISMATCH" | "QR_MISMATCH" | "VERSION_CONFLICT" | "ENTITY_EXISTS" | "UNKNOWN_ENTITY" | "ENTITY_DELETED" | "OVERWRITTEN" | "ALREADY_CANCELLED" | "UNKNOWN_EVENT" | "ALREADY_APPLIED" | "ACTION_NOT_ALLOWED" | "ENTITY_TOO_LARGE" | "USER_UNKNOWN" | "NOT_PERMITTED" | "RIGHTS_WITHDRAWN" | "RIGHTS_UNKNOWN" | "DEVICE_REVOKED" | "GRACE_EXCEEDED" | "DECISION_FAILED";
            /** @description Words for a person. */
            detail?: string;
            /**
             * Format: uuid
             * @description The event.
             */
            event_id: string;
            /** @description Remarks such as `STOCK_SHORTAGE`. */
            flags?: ("STOCK_SHORTAGE" | "UNKNOWN_REFERENCE" | "COST_UNKNOWN" | "DECISION_RESTORED" | "CLOCK_UNSURE" | "TIME_IN_FUTURE" | "LINES_MISSING")[];
            /** @description Its position in the tenant's order. */
            position: number;
            /** @description An invoice's number. */
            reference?: string;
            /** @description What the node has to do about the event: `{action, data}`. */
            resolution?: components["schemas"]["Resolution"];
            /** @description Its seq in the node's epoch. */
            seq: number;
            /**
             * @description `ACCEPTED`, `SUPERSEDED`, `CONFLICT`, `REJECTED`, `QUARANTINED` or `DUPLICATE`.
             * @enum {string}
             */
            verdict: "ACCEPTED" | "SUPERSEDED" | "CONFLICT" | "REJECTED" | "QUARANTINED" | "DUPLICATE";
        };
        /** @description What the device is to do about an event. */
        Resolution: {
            /**
             * @description `DISCARD_LOCAL`, `TAKE_SERVER_STOCK`, `CHOOSE`, `FIX_AND_RESEND`.
             * @enum {string}
             */
            action: "DISCARD_LOCAL" | "TAKE_SERVER_STOCK" | "CHOOSE" | "FIX_AND_RESEND";
            /** @description The values it needs. */
            data?: unknown;
        };
        /** @description A sale of a node's log, with what undid it. */
        SaleAndRefunds: {
            /** @description Whether every record after the sale was looked at; otherwise there may be more refunds. */
            is_complete: boolean;
            /** @description Refunds and cancellations that name it, oldest first. */
            refunds: components["schemas"]["Event"][];
            /** @description The sale. Its receipt's number is `epoch-seq`. */
            sale: components["schemas"]["Event"];
        };
        /** @description A form as its user saved it last. */
        SavedForm: {
            /** @description What is to have happened. */
            action: string;
            /** @description The body as the client sent it. */
            body: Record<string, never>;
            /**
             * Format: date-time
             * @description When it was saved first, by the node's clock.
             */
            created_at: string;
            /** @description What it is to become a change of. */
            entity_type: string;
            /** @description The value for `If-Match`. */
            etag: string;
            /**
             * Format: uuid
             * @description UUID chosen by the client.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was saved last.
             */
            saved_at: string;
            /** @description Times it was saved. */
            version: number;
        };
        /** @description One page of a list. */
        SavedFormList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["SavedForm"][];
        };
        /** @description The members that every body needs. */
        SavedFormRequest: {
            /** @description The action of the intended event. */
            action: string;
            /** @description The entity type of the intended event. */
            entity_type: string;
        };
        /** @description `POST /api/v1/session`: who logs in, and with what. Without a body the local key in the header opens the session. */
        SessionRequest: {
            /** @description The user's login; upper and lower case are the same. */
            login: string;
            /**
             * @description The user's password.
             * @default null
             */
            password: string | null;
            /**
             * @description Instead of the password: the PIN that the user set at this node.
             * @default null
             */
            pin: string | null;
        };
        /** @description A session, or the caller without one. */
        SessionState: {
            /**
             * Format: date-time
             * @description When the session ends by itself; absent for a key or token in the header.
             */
            ends_at?: string;
            /** @description Whether the user has a PIN that can be used now. */
            has_pin: boolean;
            /** @description The local key that opened the session or is sent; absent for a user. */
            key_id?: string;
            /** @description Whether the session is locked. */
            locked: boolean;
            /** @description What may be done: `read`, `record`... */
            operations: string[];
            /** @description Whether a PIN is not enough to unlock the session: the password is asked for. Recording goes on. */
            password_required: boolean;
            /** @description Which events may be recorded. */
            records: components["schemas"]["RecordableEvent"][];
            /** @description The user; absent for a local key. */
            user?: components["schemas"]["SessionUser"];
        };
        /** @description The user of a session. */
        SessionUser: {
            /**
             * Format: uuid
             * @description The id that events name.
             */
            id: string;
            /** @description What the user types. */
            login: string;
            /** @description For people. */
            name: string;
            /** @description The roles at the node's site or at every site. */
            roles: components["schemas"]["HeldRole"][];
        };
        /** @description Central's signed statement that it holds a node's log up to a seq. */
        SignedHead: {
            /** @description Central's public key, hex. */
            public_key: string;
            /** @description Ed25519 over the text's bytes, base64. */
            signature: string;
            /** @description The signed text, line by line: see `signed_head_text`. */
            text: string;
        };
        /** @description Answer to an upload. */
        StoredBlob: {
            /** @description The BLAKE3 of its bytes, by which it goes. */
            hash: string;
        };
        /** @description A failure or alert of the sync. */
        SyncIssue: {
            /**
             * Format: date-time
             * @description Since when, by the node's clock.
             */
            at: string;
            /** @description A code such as `UNREACHABLE`, `FORK` or `CENTRAL_AHEAD`. */
            code: string;
            /** @description With the values, for a person. */
            detail: string;
        };
        /** @description `POST /api/v1/session/unlock`: one of the two. */
        UnlockRequest: {
            /**
             * @description The password.
             * @default null
             */
            password: string | null;
            /**
             * @description The PIN.
             * @default null
             */
            pin: string | null;
        };
        /** @description What people call a user, for screens that show who acted. */
        UserName: {
            /**
             * Format: uuid
             * @description The id that events name.
             */
            id: string;
            /** @description For people. */
            name: string;
        };
        /** @description One page of a list. */
        UserNameList: {
            /** @description The `cursor` of the next page; absent on the last page. */
            next_cursor?: string;
            /** @description In the order of their ids' bytes. */
            rows: components["schemas"]["UserName"][];
        };
        /** @description The first accepted validation of a delivery. */
        ValidationRow: {
            /**
             * Format: date-time
             * @description When, as their device said.
             */
            at: string | null;
            /**
             * Format: uuid
             * @description The event.
             */
            event_id: string;
            /**
             * Format: uuid
             * @description The node.
             */
            node: string | null;
            /** @description `latitude,longitude`. */
            place: string | null;
            /** @description The event's position. */
            position: number | null;
            /** @description Hash of the signature's file. */
            signature_hash: string | null;
            /** @description The user. */
            user: string | null;
        };
        /** @description Quantities of a product in pending events; decimals, none negative. */
        WaitingStock: {
            /** @description How many lines of events. */
            lines: number;
            /** @description Received from suppliers. */
            received: string;
            /** @description Returned by clients. */
            refunded: string;
            /** @description Returned to suppliers. */
            returned: string;
            /** @description Sold. */
            sold: string;
            /** @description Written off. */
            written_off: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
