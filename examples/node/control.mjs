// The control API of simcarrier, by the fetch that Node brings along.
const url = process.env.SIMCARRIER_CONTROL ?? "http://127.0.0.1:8080";

/** One request; what is refused throws, with every fault in the text. */
async function ask(method, path, query = {}, body) {
  const headers = {};
  if (process.env.SIMCARRIER_CONTROL_TOKEN) headers.Authorization = `Bearer ${process.env.SIMCARRIER_CONTROL_TOKEN}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const search = new URLSearchParams(query).toString();
  const response = await fetch(`${url}${path}${search && `?${search}`}`, { method, headers, body: body && JSON.stringify(body) });
  const told = response.status === 204 ? undefined : await response.json();
  if (response.ok) return told;
  const faults = (told.errors ?? []).map((each) => `\n  ${each.field}: ${each.detail}`).join("");
  const instead = (told.instead ?? []).map((call) => `\n  instead: ${call.from} -> ${call.to}: ${call.code}`).join("");
  throw new Error(`${told.detail}${faults}${instead}`);
}

export const carrier = {
  reset: () => ask("POST", "/v1/reset"),
  addRules: (...calls) => ask("POST", "/v1/rules", {}, { calls }),
  switchWeather: (front, how) => ask("PUT", `/v1/weather/${encodeURIComponent(front)}`, {}, { switch: how }),
  force: (condition, which = {}) => ask("PUT", `/v1/conditions/${condition}`, {}, which),
  lift: (condition) => ask("DELETE", `/v1/conditions/${condition}`),
  calls: async (which = {}) => (await ask("GET", "/v1/calls", which)).calls,
  wait: (which = {}) => ask("GET", "/v1/wait", which),
  verify: (which = {}) => ask("GET", "/v1/verify", which),
};
