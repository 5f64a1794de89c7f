// The interfaces of both documents, as printed there. Shapes that the documents use without printing follow at the end of each
// part, as docs/spec/mobile.md and docs/spec/desktop.md define them.

// --- mobile, sections 4 and 8 ---

export interface PushRequest {
  device_id: string;
  batch_id: string;  // Idempotence
  events: (SyncEvent | LocalAuditEntry)[];
}

export interface SyncEvent {
  id: string;           // UUID
  entity_type: string;  // 'DELIVERY'
  entity_id: string;
  action: string;       // 'DELIVERY_VALIDATED'
  payload: Record<string, any>;
  occurred_at: string;  // ISO8601
  user_id: number;
  checksum: string;     // SHA256
}

export interface PushResponse {
  success: boolean;
  acked_event_ids: string[];
  failed_events: {
    event_id: string;
    error_code: string;  // 'ALREADY_VALIDATED'
    retry: boolean;
    resolution?: { action: string; data?: any };
  }[];
  server_time: string;
}

export interface PullResponse {
  events: ServerEvent[];
  has_more: boolean;
  server_time: string;
  device_status: {
    is_active: boolean;
    requires_reauth: boolean;
  };
}

export interface StatusResponse {
  server_healthy: boolean;
  server_time: string;
  device: { is_active: boolean; pending_events: number };
  sync_required: boolean;
}

export interface LocalAuditEntry {
  id: string;              // UUID
  action: string;          // 'DELIVERY_SCANNED'
  entity_type: string;
  entity_id: string;
  user_id: string;
  device_id: string;
  occurred_at: string;     // Horloge client
  context: {
    app_version: string;
    battery_level: number;
    network_type: string;
    location?: { lat: number; lng: number };
  };
  payload_hash: string;    // SHA256
  synced: boolean;
}

/** Not specified by the document. */
export interface ServerEvent {
  id: string;
  entity_type: string;
  entity_id: string;
  action: 'UPSERT' | 'DELETE';
  payload: Record<string, any> | null;
  version: number;
  occurred_at: string;
  checksum: string;
}

/** Not specified by the document, which only names the endpoint. */
export interface BootstrapResponse {
  products: Record<string, any>[];
  deliveries_pending: Record<string, any>[];
  clients: Record<string, any>[];
  invoices: Record<string, any>[];
  stock: Record<string, any>[];
  has_more: boolean;
  cursor: string;
  server_time: string;
  device_status: { is_active: boolean; requires_reauth: boolean };
}

// --- desktop ---

export interface OutboxEvent {
  id: string;                    // UUID généré côté Desktop
  tenantId: string;              // ID du tenant (établissement)
  entityType: SyncEntityType;    // Type d'entité (STUDENT, TEACHER, etc.)
  entityId: string;              // ID de l'entité modifiée
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  payload: Record<string, any>;   // Données de l'entité (JSON)
  localVersion: number;           // Version locale (timestamp ou version number)
  createdAt: string;             // Timestamp de création
  lastAttemptAt?: string;        // Dernière tentative d'envoi
  attemptCount: number;           // Nombre de tentatives
  status: OutboxEventStatus;     // PENDING | SENT | ACKNOWLEDGED | FAILED | CONFLICT
  errorMessage?: string;          // Message d'erreur si échec
}

export interface SyncLog {
  id: string;
  tenantId: string;
  clientId: string;
  direction: 'UP' | 'DOWN';
  eventsCount: number;
  conflictsCount: number;
  status: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  startedAt: string;
  completedAt?: string;
  duration?: number;
  errorMessage?: string;
}

/** "Types d'Entités Synchronisables". */
export const ENTITY_TYPES = [
  'STUDENT', 'TEACHER', 'CLASS', 'EXAM', 'GRADE', 'PAYMENT', 'ATTENDANCE', 'ABSENCE', 'DISCIPLINARY_INCIDENT', 'ACADEMIC_YEAR', 'SCHOOL_LEVEL',
] as const;
export type SyncEntityType = (typeof ENTITY_TYPES)[number];
export type OutboxEventStatus = 'PENDING' | 'SENT' | 'ACKNOWLEDGED' | 'FAILED' | 'CONFLICT';

/** Used by the document's samples, but not printed as interfaces. */
export interface SyncUpRequest {
  clientId: string;
  events: OutboxEvent[];
  lastSyncTimestamp: string | null;
}

export interface SyncUpResponse {
  acknowledged: { outboxEventId: string; serverEventId: string; entityId: string; serverVersion: number }[];
  conflicts: Conflict[];
  rejected: { outboxEventId: string; code: string; reason: string }[];
}

export interface Conflict {
  outboxEventId: string;
  reason: string;
  serverData: Record<string, any> | null;
}

export interface SyncDownRequest {
  clientId: string;
  lastSyncTimestamp: string | null;
  entityTypes?: SyncEntityType[];
  limit?: number;
}

export interface SyncChange {
  id: string;
  entityType: string;
  entityId: string;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  payload: Record<string, any>;
  serverVersion: number;
  modifiedAt: string;
}

export interface SyncDownResponse {
  changes: SyncChange[];
  syncTimestamp: string;
  hasMore: boolean;
}

/** Not specified by the document, which has the call `resolveConflict('evt_123', true)`. */
export interface ResolveRequest {
  clientId: string;
  outboxEventId: string;
  acceptServerVersion: boolean;
  serverVersion?: number | undefined;
  merged?: Record<string, any> | undefined;
}

export interface ResolveResponse {
  outboxEventId: string;
  serverEventId: string;
  entityId: string;
  serverVersion: number;
  serverData: Record<string, any> | null;
}
