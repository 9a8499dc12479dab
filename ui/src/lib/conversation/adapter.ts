/** An adapter's action, as far as its free metadata says. */
export interface AdapterAction {
  action: string | undefined;
  adapter: string | undefined;
  parameters: { name: string; value: string }[];
  state: "waiting" | "running" | "done" | "failed" | "cancelled" | undefined;
  seconds: number | undefined;
  reason: string | undefined;
  link: { url: string; label: string | undefined } | undefined;
}

const STATES: Record<string, AdapterAction["state"]> = {
  waiting: "waiting",
  pending: "waiting",
  queued: "waiting",
  running: "running",
  in_progress: "running",
  done: "done",
  success: "done",
  succeeded: "done",
  completed: "done",
  failed: "failed",
  error: "failed",
  cancelled: "cancelled",
  canceled: "cancelled",
};

const LONGEST_VALUE = 200;

type Data = Readonly<Record<string, unknown>>;

/** Reads what is there and ignores the rest: producers differ, and nothing here is promised. */
export function readAdapterAction(metadata: Data): AdapterAction {
  const state = text(metadata.state) ?? text(metadata.status);
  const milliseconds = number(metadata.duration_ms);
  const seconds = number(metadata.duration_s) ?? (milliseconds && milliseconds / 1000);
  const url = text(metadata.url) ?? text(metadata.link);
  return {
    action: text(metadata.action) ?? text(metadata.title) ?? text(metadata.name),
    adapter: text(metadata.adapter),
    parameters: parameters(metadata.parameters ?? metadata.params),
    state: STATES[state?.toLowerCase() ?? ""],
    seconds: seconds === undefined ? undefined : Math.round(seconds * 10) / 10,
    reason: text(metadata.error) ?? text(metadata.reason),
    link: url === undefined ? undefined : { url, label: text(metadata.link_label) },
  };
}

function parameters(value: unknown): AdapterAction["parameters"] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([name, each]) => ({
    name,
    value: (typeof each === "string" ? each : JSON.stringify(each)).slice(0, LONGEST_VALUE),
  }));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, LONGEST_VALUE) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
