// Channels: row changes, presence, broadcast, tokens; over both serializers.

import { describe } from "node:test";
import { registerBroadcast } from "./realtime/broadcast.mjs";
import { registerChanges } from "./realtime/changes.mjs";
import { registerLifecycle } from "./realtime/lifecycle.mjs";
import { registerPresence } from "./realtime/presence.mjs";

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerRealtime(getTarget) {
  for (const vsn of ["1.0.0", "2.0.0"]) {
    describe(`realtime, vsn ${vsn}`, () => {
      registerChanges(getTarget, vsn);
      registerPresence(getTarget, vsn);
      registerBroadcast(getTarget, vsn);
      registerLifecycle(getTarget, vsn);
    });
  }
}
