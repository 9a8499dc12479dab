import type { MessageRow, SessionRow } from "../bindings";

/** Whether one may write in a session now. What is not known the project decides. */
export function mayWrite(session: SessionRow | undefined): boolean {
  return (
    session !== undefined &&
    !session.no_access &&
    session.status !== "archived" &&
    session.role !== "reader"
  );
}

/** Whether one may rename, archive and delete a session. */
export function mayManage(session: SessionRow): boolean {
  return !session.no_access && (session.role === "owner" || session.role === null);
}

/** Whether one may invite to a session, and change who takes part. */
export function mayInvite(session: SessionRow | undefined): boolean {
  return session !== undefined && !session.no_access && !session.unsent && session.role === "owner";
}

/** Whether one may leave a session: the owner cannot. */
export function mayLeave(session: SessionRow): boolean {
  return !session.no_access && (session.role === "member" || session.role === "reader");
}

/** Whether the text of a message may be changed. */
export function mayEdit(session: SessionRow | undefined, message: MessageRow): boolean {
  return message.own && message.kind === "text" && mayWrite(session);
}

/** Whether a message may be deleted: one's own, and by the owner of a shared session any. */
export function mayDelete(session: SessionRow | undefined, message: MessageRow): boolean {
  return (message.own || session?.role === "owner") && mayWrite(session);
}
