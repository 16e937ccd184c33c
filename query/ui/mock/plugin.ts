import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { parseJson } from "../src/api/json";
import type { Entry } from "../src/api/types";
import { entryAt, generate, random } from "./data";
import { MockSession } from "./session";
import { BadQuery, read, Store, toJson } from "./store";

/** The policy that the query server sends. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The APIs of the query server and of the ingestor, on made-up entries: `vite --mode mock`. `MOCK_ENTRIES` sets how
 * many there are at the start, `MOCK_RATE` how many come a second. `MOCK_SIGN_IN=1` lets only
 * `ada` in, with the password `secret`.
 */
export function mockApi(): Plugin {
  const store = new Store(generate(Number(process.env.MOCK_ENTRIES ?? 6000), Date.now()));
  const rate = Number(process.env.MOCK_RATE ?? 0);
  const next = random(11);
  if (rate > 0) setInterval(() => store.add(entryAt(Date.now(), next)), 1000 / rate).unref();
  const session = new MockSession(process.env.MOCK_SIGN_IN === "1");
  const handler: Connect.NextHandleFunction = (request, response, pass) => {
    const url = new URL(request.url ?? "/", "http://mock");
    if (!url.pathname.startsWith("/api/")) {
      pass();
      return;
    }
    const serveKnown = async () => {
      if (url.pathname === "/api/v1/session") await serveSession(session, request, response);
      else if (session.letsIn(request)) await serve(store, url, request, response);
      else refuse(response);
    };
    serveKnown().catch((error: unknown) => fail(response, error));
  };
  return {
    name: "mock-api",
    configureServer: (server) => {
      server.middlewares.use(handler);
    },
    configurePreviewServer: (server) => {
      server.middlewares.use((_request, response, pass) => {
        response.setHeader("content-security-policy", POLICY);
        pass();
      });
      server.middlewares.use(handler);
    },
  };
}

async function serve(
  store: Store,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const get = (name: string) => url.searchParams.get(name) ?? undefined;
  const selection = { q: get("q") ?? "", from: get("from"), to: get("to") };
  const limit = Number(get("limit") ?? 50);
  const path = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
  const [room, name = "", what] = path;

  if (request.method === "POST" && room === "logs") {
    const lines = (await bodyOf(request)).split("\n").filter(Boolean);
    for (const line of lines) store.add(parseJson(line) as unknown as Partial<Entry>);
    send(response, 202, { receipt: "mock", accepted: lines.length, rejected: [] });
    return;
  }
  switch (room) {
    case "search": {
      send(response, 200, store.search(selection, get("order") ?? "desc", limit, get("cursor") ?? null));
      return;
    }
    case "histogram": {
      send(response, 200, store.histogram(selection, Number(get("buckets") ?? 60)));
      return;
    }
    case "parse": {
      send(response, 200, { query: { expr: read(selection.q) ? "clause" : "all" } });
      return;
    }
    case "fields": {
      const body = name
        ? store.values(name, selection, get("prefix") ?? "", limit)
        : { fields: store.fields(), partial: false };
      send(response, 200, body);
      return;
    }
    case "tail": {
      tail(store, selection.q, response);
      return;
    }
    case "logs": {
      const entry = store.get(name);
      if (!entry) {
        problem(response, 404, "not-found", { detail: `There is no entry with the id ${name}.` });
        return;
      }
      if (what !== "context") {
        send(response, 200, entry);
        return;
      }
      send(
        response,
        200,
        store.context(name, Number(get("before") ?? 10), Number(get("after") ?? 10), selection.q),
      );
      return;
    }
    default: {
      problem(response, 404, "no-such-path", { detail: `There is nothing at ${url.pathname}.` });
      return;
    }
  }
}

async function serveSession(
  session: MockSession,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "DELETE") {
    session.signOut();
    response.writeHead(204).end();
    return;
  }
  if (request.method === "POST" && !session.signIn(await bodyOf(request))) {
    refuse(response);
    return;
  }
  send(response, 200, session.answer());
}

function refuse(response: ServerResponse): void {
  problem(response, 401, "unauthorized", { detail: "The mock does not know you." });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function tail(store: Store, q: string, response: ServerResponse): void {
  const write = (event: string, data: unknown) =>
    response.write(`event: ${event}\ndata: ${toJson(data)}\n\n`);
  const stop = store.follow(q, (entry) => write("entry", entry));
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  write("ready", { from: new Date().toISOString() });
  response.on("close", stop);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(toJson(body));
}

function problem(
  response: ServerResponse,
  status: number,
  kind: string,
  members: Record<string, unknown>,
): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(
    JSON.stringify({ type: `urn:logpipeline:problem:${kind}`, title: "Error", status, ...members }),
  );
}

function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof BadQuery) {
    const { message, span, hint, suggestion } = error;
    return problem(response, 400, "invalid-query", { detail: message, message, span, hint, suggestion });
  }
  problem(response, 500, "internal", { detail: error instanceof Error ? error.message : String(error) });
}
