import { afterEach } from "vitest";
import { closeMenu } from "../src/lib/ui/menu.svelte";
import { dismissToast } from "../src/lib/ui/toast.svelte";

afterEach(() => {
  closeMenu();
  dismissToast();
});
