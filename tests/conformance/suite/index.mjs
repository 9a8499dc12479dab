// The whole suite, to be run against any server that speaks Supabase's protocols.

export { registerAuth } from "./auth.mjs";
export { registerInvites } from "./invites.mjs";
export { registerRestMatrix } from "./matrix.mjs";
export { registerMembers } from "./members.mjs";
export { registerMfa } from "./mfa.mjs";
export { registerPkce } from "./pkce.mjs";
export { registerRealtime } from "./realtime.mjs";
export { registerRest } from "./rest.mjs";
export { registerSharedRealtime, registerSharedSync } from "./shared.mjs";
export { registerStorage } from "./storage.mjs";
export { registerSync } from "./sync.mjs";
