import type { ApiError, CommandName, Commands, ErrorCode, Numbered } from "./bindings";

/** The only door to the engine. */
export interface Backend {
  call<C extends CommandName>(command: C, args: Commands[C]["args"]): Promise<Commands[C]["reply"]>;
  /** Tells events and the state of the door, from now on. Answers how to stop. */
  subscribe(listener: Listener): () => void;
}

export interface Listener {
  event(numbered: Numbered): void;
  /** The door opened, anew after a loss: read everything again. */
  opened(): void;
  /** The door closed; it opens again by itself. */
  closed(): void;
}

/** A command failed. `message` is for people. */
export class BackendError extends Error {
  readonly code: ErrorCode;
  readonly details: string | null;

  constructor(error: ApiError) {
    super(error.message);
    this.name = "BackendError";
    this.code = error.code;
    this.details = error.details;
  }
}

/** Reads whatever a door threw. */
export function backendError(thrown: unknown): BackendError {
  if (thrown instanceof BackendError) return thrown;
  if (isApiError(thrown)) return new BackendError(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BackendError({ code: "internal", message, details: null });
}

function isApiError(thrown: unknown): thrown is ApiError {
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    "code" in thrown &&
    "message" in thrown &&
    typeof thrown.message === "string"
  );
}
