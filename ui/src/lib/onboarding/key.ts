/** A key that must never be pasted here, as far as its form tells. The engine checks again. */
export function looksSecret(key: string): boolean {
  const text = key.trim();
  if (text.startsWith("sb_secret_")) return true;
  const payload = text.split(".")[1];
  if (!text.startsWith("eyJ") || payload === undefined) return false;
  try {
    const json = atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
    return (JSON.parse(json) as { role?: unknown }).role === "service_role";
  } catch {
    return false;
  }
}
