// The official client against an independent implementation by the vendor, over a real PostgreSQL
// with the project's migrations: what holds here and at tidings-local is the protocol.

import { after, before, describe, test } from "node:test";
import { startLite } from "./lite/lite.mjs";
import { lacking } from "./lite/postgres.mjs";
import {
  registerAuth,
  registerInvites,
  registerMembers,
  registerRest,
  registerRestMatrix,
  registerSharedSync,
  registerSync,
} from "./suite/index.mjs";

/** What @supabase/lite 0.10.0 is known to do otherwise than the hosted services. */
const LACKS = {
  iso_times: "times are PostgreSQL's own text, `2026-11-22 10:57:49.5+00`",
  bulk_defaults: "`Prefer: missing=default` is not known: a key absent from one row becomes null",
  exact_bigint: "what is written passes through doubles, and a bigint once more when it is read",
  exact_json_numbers: "the same, and a numeric that no double prints is read as a JSON text",
  check_violation: "a violated check is answered as 500 with the code SUP",
  raised_errors: "what a function raises is answered as 500 with the code SUP",
  malformed_tokens: "a malformed token is served as nobody's, not refused",
  issuer_claim: "tokens name no issuer",
  metadata_claims: "tokens carry no user_metadata",
  refresh_races:
    "of two refreshes at once both may succeed, and one of the tokens ends the session",
  unknown_refresh_token: "a refresh token of another form than its own is `validation_failed`",
  admin: "there is no admin API",
};

const reason = lacking();

if (reason !== undefined) {
  console.log(`SKIPPED: @supabase/lite: ${reason}`);
  test("@supabase/lite", { skip: reason }, () => {});
} else {
  describe("@supabase/lite", () => {
    let lite;

    before(async () => {
      lite = await startLite();
    });
    after(() => lite?.stop());

    const getTarget = () => {
      const { secret_key: service_role_key, ...info } = lite.info;
      return { name: "@supabase/lite", ...info, service_role_key, lacks: LACKS };
    };
    registerRestMatrix(getTarget);
    registerRest(getTarget);
    registerAuth(getTarget);
    registerSync(getTarget);
    registerMembers(getTarget);
    registerInvites(getTarget);
    registerSharedSync(getTarget);
  });
}
