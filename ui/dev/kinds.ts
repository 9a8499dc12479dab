/** A conversation of what else a message can be, made up. */

import type { MessageRow } from "../src/lib/bindings";
import { at, message, noor } from "./data";

export { recording } from "./voice";

const answer = `## Before the release

1. Tag the build, then wait for **all three** systems.
2. Publish the *notes*:
   - in the repository
   - on [the page](https://example.com/notes)

> Ship when the error rate is flat for an hour.

Keep \`TIDINGS_CHANNEL=beta\` set until then, ~~today~~ tomorrow.`;

const action = (id: string, minute: number, metadata: MessageRow["metadata"]): MessageRow =>
  message(id, {
    role: "assistant",
    author: "Sable",
    kind: "adapter_action",
    created_at: at(13, minute),
    metadata: { adapter: "deploy-runner", ...metadata },
  });

export const kinds: MessageRow[] = [
  message("k1", { role: "assistant", author: "Sable", content: answer, created_at: at(13, 40) }),
  action("k2", 41, { action: "Build packages", status: "waiting" }),
  action("k3", 42, { action: "Run the tests", status: "running", duration_s: 12 }),
  action("k4", 43, {
    action: "Take a backup",
    status: "failed",
    error: "lock timeout",
    parameters: { target: "production", keep: "30 days", tables: "chat_*", dry_run: "false" },
  }),
  message("k5", {
    author: "Maya Okafor",
    user_id: "maya",
    kind: "voice",
    metadata: { duration_s: 21 },
    created_at: at(13, 50),
  }),
  message("k5-plays", {
    author: "Maya Okafor",
    user_id: "maya",
    kind: "voice",
    content: "The runner is stuck again, at the same step.",
    file: { place: "project" },
    created_at: at(13, 51),
  }),
  message("k5-fails", {
    author: "Maya Okafor",
    user_id: "maya",
    kind: "voice",
    metadata: { duration_s: 48, waveform: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9] },
    file: { place: "project" },
    created_at: at(13, 51),
  }),
  message("k5-elsewhere", {
    author: "Maya Okafor",
    user_id: "maya",
    kind: "voice",
    content: "And here is the whole call.",
    metadata: { duration_s: 1931 },
    file: { place: "elsewhere", url: "https://calls.example.org/recordings/4182.ogg" },
    created_at: at(13, 51),
  }),
  message("k6", {
    author: "Tomás Vidal",
    user_id: "tomas",
    content: "Who restarts the runner?",
    metadata: { reply_to: "k4" },
    created_at: at(13, 52),
    edited: true,
  }),
  message("k7", {
    ...noor,
    content: "I do. Give me five minutes.",
    pending_edit: "I do, in ten minutes.",
    created_at: at(13, 55),
    state: { state: "queued" },
  }),
  message("k8", {
    ...noor,
    content: "Never mind.",
    created_at: at(13, 56),
    pending_delete: true,
    state: { state: "queued" },
  }),
];
