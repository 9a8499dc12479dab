import type { MessagePage, PageAt } from "../bindings";
import { call } from "./engine.svelte";
import { joined } from "./pages";

const LEAST = 60;
const LARGEST_PAGE = 200;
/** So many messages are read again at most. */
const MOST = 2000;

/** What is shown of a session, as it is now. `inView`: the message that is read. */
export async function readAgain(
  session: string,
  shown: MessagePage,
  inView: string | undefined,
): Promise<MessagePage> {
  const size = Math.max(LEAST, Math.min(LARGEST_PAGE, shown.rows.length));
  const middle = inView ?? shown.rows[Math.floor(shown.rows.length / 2)]?.id;
  const at: PageAt =
    shown.after === "end" || middle === undefined
      ? { at: "latest" }
      : { at: "around", message: middle };
  let page = await call("messages", { session, at, limit: size });
  while (lacks(page, shown) && page.before === "more" && page.rows.length < MOST) {
    const oldest = page.rows[0];
    if (!oldest) break;
    const before: PageAt = { at: "before", message: oldest.id };
    const more = await call("messages", { session, at: before, limit: LARGEST_PAGE });
    if (more.rows.length === 0) break;
    page = joined(more, page, "before");
  }
  return page;
}

/** Whether a page begins after what is shown does. */
function lacks(page: MessagePage, shown: MessagePage): boolean {
  const oldest = page.rows[0];
  const wanted = shown.rows[0];
  return (
    oldest !== undefined &&
    wanted !== undefined &&
    oldest.created_at > wanted.created_at &&
    !page.rows.some((row) => row.id === wanted.id)
  );
}
