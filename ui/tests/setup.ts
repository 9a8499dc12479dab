import { configure } from "@testing-library/svelte";
import { afterEach, beforeEach } from "vitest";
import { begun } from "../src/lib/state/begun";
import { originals } from "../src/lib/state/originals.svelte";
import { closeMenu } from "../src/lib/ui/menu.svelte";
import { clearToasts } from "../src/lib/ui/toast.svelte";

// Dialogs are fetched when they are first opened: a busy machine takes longer than a second.
configure({ asyncUtilTimeout: 15_000 });

afterEach(() => {
  begun.clear();
  closeMenu();
  clearToasts();
});

// Once nothing of the test before is shown any more, and would ask again.
beforeEach(() => originals.clear());
