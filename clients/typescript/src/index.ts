// What the package exports: both clients, the disk they share, and the types of both contracts.
export * from './contracts.js';
export { Desktop, type Hooks as DesktopHooks, type Settings as DesktopSettings } from './desktop.js';
export { HttpError, type Credential, type Pause, type TokenSource } from './http.js';
export { DeviceRevoked, Identity, LoginRequired, type IdentityHooks, type IdentitySettings } from './identity.js';
export { Phone, canonical, checksum, sha256, type Hooks as PhoneHooks, type Json, type Queued, type Settings as PhoneSettings } from './mobile.js';
export { Store } from './store.js';
