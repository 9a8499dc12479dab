import type { CodePurpose } from "../bindings";
import { call } from "../state/engine.svelte";

/** Has a code sent by mail. Throws `BackendError`. */
export async function sendCode(purpose: CodePurpose, email: string): Promise<void> {
  switch (purpose) {
    case "sign_in":
      await call("request_code", { email });
      break;
    case "sign_up":
      await call("resend_code", { email });
      break;
    case "recovery":
      await call("reset_password", { email });
      break;
  }
}
