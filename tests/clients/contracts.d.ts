// The interfaces of both documents, as they print them. Where they leave a type open, docs/spec/mobile.md and docs/spec/desktop.md close it.

// --- mobile ---

export interface PushRequest {
  device_id: string;
  batch_id: string; // idempotence
  events: SyncEvent[];
}

export interface SyncEvent {
  id: string; // UUID
  entity_type: string; // 'DELIVERY'
  entity_id: string;
  action: string; // 'DELIVERY_VALIDATED'
  payload: Record<string, any>;
  occurred_at: string; // ISO8601
  user_id: number;
  checksum: string; // SHA256
}

export interface PushResponse {
  success: boolean;
  acked_event_ids: string[];
  failed_events: {
    event_id: string;
    error_code: string; // 'ALREADY_VALIDATED'
    retry: boolean;
    resolution?: { action: string; data?: any };
  }[];
  server_time: string;
}

export interface PullResponse {
  events: ServerEvent[];
  has_more: boolean;
  server_time: string;
  device_status: { is_active: boolean; requires_reauth: boolean };
}

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

export interface StatusResponse {
  server_healthy: boolean;
  server_time: string;
  device: { is_active: boolean; pending_events: number };
  sync_required: boolean;
}

// --- desktop ---

export type OutboxEventStatus = 'PENDING' | 'SENT' | 'ACKNOWLEDGED' | 'FAILED' | 'CONFLICT';

export interface OutboxEvent {
  id: string;
  tenantId: string;
  entityType: string;
  entityId: string;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  payload: Record<string, any>;
  localVersion: number;
  createdAt: string;
  lastAttemptAt?: string;
  attemptCount: number;
  status: OutboxEventStatus;
  errorMessage?: string;
}

export interface SyncUpRequest {
  clientId: string;
  events: OutboxEvent[];
  lastSyncTimestamp: string | null;
}

export interface SyncUpResponse {
  acknowledged: { outboxEventId: string; serverEventId: string; entityId: string; serverVersion: number }[];
  conflicts: { outboxEventId: string; reason: string; serverData: Record<string, any> | null }[];
  rejected: { outboxEventId: string; code: string; reason: string }[];
}

export interface SyncDownRequest {
  clientId: string;
  lastSyncTimestamp: string | null;
  entityTypes?: string[];
}

export interface SyncDownResponse {
  changes: {
    id: string;
    entityType: string;
    entityId: string;
    operation: 'CREATE' | 'UPDATE' | 'DELETE';
    payload: Record<string, any>;
    serverVersion: number;
    modifiedAt: string;
  }[];
  syncTimestamp: string;
  hasMore: boolean;
}
