import { createSubscriber } from "svelte/reactivity";

function ticking(ms: number): () => number {
  const subscribe = createSubscriber((update) => {
    const timer = setInterval(update, ms);
    return () => clearInterval(timer);
  });
  return () => {
    subscribe();
    return Date.now();
  };
}

/** The time, read anew each second by whoever draws it. */
export const nowBySecond = ticking(1000);
/** The time, read anew each half minute: for day headers and short times. */
export const nowByMinute = ticking(30_000);
