import { tick } from "svelte";
import { failure } from "../failure";

/** What a form asks for, one thing at a time: whether it is under way, and why the last failed. */
export class Attempt {
  busy = $state(false);
  problem = $state<string | undefined>();

  async run(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    const at = document.activeElement;
    this.busy = true;
    this.problem = undefined;
    try {
      await work();
    } catch (thrown) {
      this.problem = failure(thrown);
    } finally {
      this.busy = false;
      await tick();
      // What was pressed could not keep the focus meanwhile.
      if (document.activeElement === document.body && at instanceof HTMLElement) at.focus();
    }
  }
}
