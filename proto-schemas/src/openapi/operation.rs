//! One method of one path in the OpenAPI document.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::schemas::{Schemas, Shape};
use crate::error_code::ErrorCode;
use crate::problem;

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    summary: &'static str,
    open: bool,
    headers: Vec<Value>,
    query: Option<Shape>,
    body: BTreeMap<&'static str, Shape>,
    body_required: bool,
    example: Option<Value>,
    answers: BTreeMap<u16, ResponseShape>,
    refusals: Vec<ErrorCode>,
    mentioned: Vec<(bool, Shape)>,
}

#[derive(Clone, Debug, Default)]
struct ResponseShape {
    media: BTreeMap<&'static str, Shape>,
    headers: BTreeMap<&'static str, Value>,
}

/// What is true of every operation of a server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Title of the document.
    pub title: &'static str,
    /// The credentials, each enough by itself. Without any the server asks for none.
    pub credentials: &'static [Credential],
    /// With what any request may be refused.
    pub refusals: &'static [ErrorCode],
}

/// A kind of credential.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    name: &'static str,
    cookie: Option<&'static str>,
    what: &'static str,
}

impl Credential {
    /// In the `Authorization` header.
    pub const fn bearer(what: &'static str) -> Credential {
        Credential { name: "bearer", cookie: None, what }
    }

    /// In a cookie.
    pub const fn cookie(cookie: &'static str, what: &'static str) -> Credential {
        Credential { name: "session", cookie: Some(cookie), what }
    }

    /// Its name in the document, and its security scheme.
    pub(super) fn scheme(&self) -> (&'static str, Value) {
        let scheme = match self.cookie {
            Some(cookie) => json!({ "type": "apiKey", "in": "cookie", "name": cookie, "description": self.what }),
            None => json!({ "type": "http", "scheme": "bearer", "description": self.what }),
        };
        (self.name, scheme)
    }
}

/// With what a request may be refused that writes.
pub const WRITE_REFUSALS: [ErrorCode; 22] = [
    ErrorCode::RestoreInProgress,
    ErrorCode::NotFound,
    ErrorCode::PreconditionRequired,
    ErrorCode::PreconditionFailed,
    ErrorCode::MalformedBody,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::IdempotencyKeyMissing,
    ErrorCode::TooLarge,
    ErrorCode::RequestTimeout,
    ErrorCode::QueueFull,
    ErrorCode::InvalidPayload,
    ErrorCode::UnknownSchema,
    ErrorCode::TotalMismatch,
    ErrorCode::StockReadOnly,
    ErrorCode::CentralOnly,
    ErrorCode::EventIdReused,
    ErrorCode::BlobMissing,
    ErrorCode::InsufficientStorage,
    ErrorCode::LogReadOnly,
    ErrorCode::StoreUnavailable,
    ErrorCode::StoreFull,
    ErrorCode::OutcomeUnknown,
];

fn shape<T: JsonSchema>() -> Shape {
    Shape::Type(SchemaGenerator::subschema_for::<T>)
}

impl Operation {
    /// A method in lower case, a path of [`crate::paths`], and a summary.
    pub fn new(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
        let refusals = if path.contains('{') { vec![ErrorCode::NotFound] } else { Vec::new() };
        Operation {
            method,
            path,
            summary,
            open: false,
            headers: Vec::new(),
            query: None,
            body: BTreeMap::new(),
            body_required: true,
            example: None,
            answers: BTreeMap::new(),
            refusals,
            mentioned: Vec::new(),
        }
    }

    /// The method and the path.
    pub fn route(&self) -> (&'static str, &'static str) {
        (self.method, self.path)
    }

    /// Whether the operation is public.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Marks the operation as public.
    #[must_use]
    pub fn open(mut self) -> Operation {
        self.open = true;
        self
    }

    /// The query, as the handler reads it: each field a parameter.
    #[must_use]
    pub fn asks<Q: JsonSchema>(mut self) -> Operation {
        self.query = Some(Shape::Type(|generator| Q::json_schema(generator)));
        self
    }

    /// A header.
    #[must_use]
    pub fn header(mut self, name: &str, required: bool, what: &str) -> Operation {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        let header =
            json!({ "name": name, "in": "header", "required": required, "schema": schema, "description": what });
        self.headers.push(header);
        self
    }

    /// An optional header that is ignored if its value is not understood.
    #[must_use]
    pub fn any_header(mut self, name: &str, what: &str) -> Operation {
        let schema = json!({ "type": "string" });
        self.headers.push(json!({ "name": name, "in": "header", "schema": schema, "description": what }));
        self
    }

    /// A header makes retries safe if the body has no id.
    #[must_use]
    pub fn keyed(self) -> Operation {
        self.header("Idempotency-Key", false, "Names the request where a draft has no id")
    }

    /// It must say what was seen.
    #[must_use]
    pub fn seen(mut self) -> Operation {
        let schema = json!({ "type": "string", "minLength": 1 });
        self.headers.push(json!({ "name": "If-Match", "in": "header", "required": true, "schema": schema,
            "description": "The ETag of what was read" }));
        self.refuses(&[ErrorCode::PreconditionRequired, ErrorCode::PreconditionFailed])
    }

    /// A JSON body.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Operation {
        self.body.insert("application/json", shape::<T>());
        self
    }

    /// A body that no type describes.
    #[must_use]
    pub fn takes_given(mut self, media: &'static str, schema: Value) -> Operation {
        self.body.insert(media, Shape::Given(schema));
        self
    }

    /// The body may be absent.
    #[must_use]
    pub fn or_nothing(mut self) -> Operation {
        self.body_required = false;
        self
    }

    /// A type that the document contains because a description of this operation names it: a line of a body.
    #[must_use]
    pub fn mentions<T: JsonSchema>(mut self, asked: bool) -> Operation {
        self.mentioned.push((asked, shape::<T>()));
        self
    }

    /// A body that does something.
    #[must_use]
    pub fn like(mut self, example: Value) -> Operation {
        self.example = Some(example);
        self
    }

    /// What it answers in JSON when all is well.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self, status: u16) -> Operation {
        self.answers.entry(status).or_default().media.insert("application/json", shape::<T>());
        self
    }

    /// What it answers in another type.
    #[must_use]
    pub fn answers_given(mut self, status: u16, media: &'static str, schema: Value) -> Operation {
        self.answers.entry(status).or_default().media.insert(media, Shape::Given(schema));
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16) -> Operation {
        self.answers.entry(status).or_default();
        self
    }

    /// A header of an answer.
    #[must_use]
    pub fn says(mut self, status: u16, name: &'static str, required: bool, what: &str) -> Operation {
        let header = json!({ "description": what, "required": required, "schema": { "type": "string" } });
        self.answers.entry(status).or_default().headers.insert(name, header);
        self
    }

    /// The answer has an ETag; a caller that has it already gets 304.
    #[must_use]
    pub fn tagged(self) -> Operation {
        const WHAT: &str = "Names what was read: for If-None-Match.";
        self.any_header("If-None-Match", "An ETag that is held already")
            .answers_nothing(304)
            .says(200, "ETag", true, WHAT)
            .says(304, "ETag", true, WHAT)
    }

    /// The answer has an ETag for edits. It does not lead to 304, since the answer also contains values that the ETag does not
    /// cover.
    #[must_use]
    pub fn named(self) -> Operation {
        self.says(200, "ETag", true, "Names what was read: for the If-Match of an edit.")
    }

    /// Adds error codes to those of every operation.
    #[must_use]
    pub fn refuses(mut self, codes: &[ErrorCode]) -> Operation {
        self.refusals.extend_from_slice(codes);
        self
    }

    pub(super) fn value(&self, server: &Server, schemas: &mut Schemas) -> Value {
        let mut parameters = path_parameters(self.path);
        parameters.extend(self.query.iter().flat_map(|query| query_parameters(schemas.of_request(query))));
        parameters.extend(self.headers.iter().cloned());
        for (asked, shape) in &self.mentioned {
            if *asked {
                schemas.of_request(shape)
            } else {
                schemas.of_answer(shape)
            };
        }
        let mut responses: BTreeMap<String, Value> = BTreeMap::new();
        for (status, answer) in &self.answers {
            responses.insert(status.to_string(), answer.value(schemas));
        }
        for (status, response) in self.problems(server, schemas) {
            responses.insert(status.to_string(), response);
        }
        let mut value = json!({ "summary": self.summary, "parameters": parameters, "responses": responses });
        if !self.body.is_empty() {
            value["requestBody"] = self.body(schemas);
        }
        if !self.open {
            let needs: Vec<Value> = server.credentials.iter().map(|one| json!({ one.name: [] })).collect();
            if !needs.is_empty() {
                value["security"] = needs.into();
            }
        }
        value
    }

    fn body(&self, schemas: &mut Schemas) -> Value {
        let mut content: Map<String, Value> = Map::new();
        for (media, shape) in &self.body {
            content.insert((*media).to_owned(), json!({ "schema": schemas.of_request(shape) }));
        }
        if let (Some(example), Some(json)) = (&self.example, content.get_mut("application/json")) {
            json["example"] = example.clone();
        }
        json!({ "required": self.body_required, "content": content })
    }

    /// A response for each status, with its codes.
    fn problems(&self, server: &Server, schemas: &mut Schemas) -> BTreeMap<u16, Value> {
        let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
        let mut codes: Vec<ErrorCode> = server.refusals.to_vec();
        if self.open {
            codes.retain(|code| !matches!(code.status(), 401 | 403));
        }
        codes.extend(&self.refusals);
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            by_status.entry(code.status()).or_default().push(code);
        }
        by_status.into_iter().map(|(status, codes)| (status, problem(status, &codes, schemas))).collect()
    }
}

impl ResponseShape {
    fn value(&self, schemas: &mut Schemas) -> Value {
        let mut value = json!({ "description": if self.media.is_empty() { "Done; no body" } else { "Done" } });
        for (media, shape) in &self.media {
            value["content"][media] = json!({ "schema": schemas.of_answer(shape) });
        }
        if !self.headers.is_empty() {
            value["headers"] = json!(self.headers);
        }
        value
    }
}

fn problem(status: u16, codes: &[ErrorCode], schemas: &mut Schemas) -> Value {
    let words: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let any = schemas.of_answer(&shape::<problem::Problem>());
    let schema = json!({ "allOf": [any, { "properties": { "code": { "enum": names } } }] });
    let content = json!({ problem::CONTENT_TYPE: { "schema": schema } });
    let mut response = json!({ "description": words.join("; "), "content": content });
    if codes.iter().any(|code| code.is_retryable()) {
        let seconds = json!({ "type": "integer", "minimum": 0 });
        response["headers"]["Retry-After"] = json!({ "description": "Seconds to wait.", "schema": seconds });
    }
    match status {
        401 => response["headers"]["WWW-Authenticate"] = json!({ "required": true, "schema": { "const": "Bearer" } }),
        412 => {
            response["headers"]["ETag"] = json!({ "description": "The present ETag.", "schema": { "type": "string" } })
        }
        _ => {}
    }
    response
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let schema = match name {
            "hash" => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
            "code" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{82}$" }),
            _ => json!({ "type": "string", "minLength": 1, "maxLength": comptoir_core::limits::NAME_CHARS_MAX }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    names.map(parameter).collect()
}

/// The members of a query's type.
fn query_parameters(schema: Value) -> Vec<Value> {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get("properties") else { return Vec::new() };
    let parameter = |(name, property): (&String, &Value)| {
        let mut property = property.clone();
        let description = property.as_object_mut().and_then(|members| members.remove("description"));
        // A query has no null.
        if let Some(Value::Array(kinds)) = property.get_mut("type") {
            kinds.retain(|kind| kind != "null");
        }
        for list in ["enum", "anyOf"] {
            if let Some(Value::Array(items)) = property.get_mut(list) {
                items.retain(|item| !item.is_null() && *item != json!({ "type": "null" }));
            }
        }
        let mut parameter = json!({ "name": name, "in": "query", "schema": property });
        if required.contains(&Value::from(name.as_str())) {
            parameter["required"] = true.into();
        }
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameter
    };
    properties.iter().map(parameter).collect()
}
