const DASHBOARD = "https://supabase.com/dashboard";
const HOSTED = /^([a-z0-9-]+)\.supabase\.(?:co|in)$/;

/** Where a project is resumed: its page at Supabase, or the list of one's projects. */
export function dashboard(address: string): string {
  const host = URL.canParse(address) ? new URL(address).hostname : "";
  const project = HOSTED.exec(host)?.[1];
  return project === undefined ? `${DASHBOARD}/projects` : `${DASHBOARD}/project/${project}`;
}
