import { createSubscriber } from "svelte/reactivity";
import { whileSeen } from "../ui/seen";

function ticking(ms: number): () => number {
  const subscribe = createSubscriber((update) => whileSeen(ms, update));
  return () => {
    subscribe();
    return Date.now();
  };
}

const MINUTE = 60_000;
/** The time, read anew each second by whoever draws it. */
const nowBySecond = ticking(1000);
/** The time, read anew each half minute: for day headers and short times. */
export const nowByMinute = ticking(MINUTE / 2);

/** The time, read anew as often as words change that say how long ago something was. */
export function nowSince(time: number): number {
  return Date.now() - time < MINUTE ? nowBySecond() : nowByMinute();
}
