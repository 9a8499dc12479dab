import type { Backend } from "../backend";
import type { CommandName, Commands } from "../bindings";
import { failure } from "../failure";
import { showToast } from "../ui/toast.svelte";

let backend: Backend | undefined;

let turn: Promise<unknown> = Promise.resolve();

/** One after the other: the engine may answer in another order than it was asked in. */
export function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const done = turn.then(act);
  turn = done.catch(() => undefined);
  return done;
}

export function useBackend(next: Backend): void {
  turn = Promise.resolve();
  backend = next;
}

/** Runs a command. Throws `BackendError`. */
export function call<C extends CommandName>(
  command: C,
  args: Commands[C]["args"],
): Promise<Commands[C]["reply"]> {
  if (!backend) throw new Error("a command before the backend was chosen");
  return backend.call(command, args);
}

/** Runs a command that the user asked for; a failure is told as a toast. True when it worked. */
export async function tryCall<C extends CommandName>(
  command: C,
  args: Commands[C]["args"],
): Promise<Commands[C]["reply"] | undefined> {
  try {
    return await call(command, args);
  } catch (thrown) {
    tellFailure(thrown);
    return undefined;
  }
}

export function tellFailure(thrown: unknown): void {
  showToast({ icon: "bad", text: failure(thrown), bad: true });
}
