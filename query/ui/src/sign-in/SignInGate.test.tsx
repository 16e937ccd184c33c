import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "../api/client";
import type { SessionResponse } from "../api/types";
import { InsecureBanner } from "./InsecureBanner";
import { SignInGate } from "./SignInGate";
import { UserMenu } from "./UserMenu";

const NOBODY: SessionResponse = { user: null, token: null, insecure: false, signInRequired: true };
const ADA: SessionResponse = { ...NOBODY, user: "ada" };
const OPEN: SessionResponse = { ...NOBODY, insecure: true, signInRequired: false };

interface Call {
  method: string;
  path: string;
  body: string | undefined;
}
let calls: Call[];
/** What the server answers next, by method and path. */
let answers: Record<string, [number, unknown]>;

beforeEach(() => {
  calls = [];
  answers = { "GET /session": [200, NOBODY] };
  sessionStorage.clear();
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
    const call = {
      method: init.method ?? "GET",
      path: url.replace(/^\/api\/v1/, "").replace(/\?.*/, ""),
      body: init.body as string | undefined,
    };
    calls.push(call);
    const [status, body] = answers[`${call.method} ${call.path}`] ?? [404, { detail: "no such path" }];
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }));
  });
});
afterEach(cleanup);

function refusal(status: number, kind: string, detail: string): [number, unknown] {
  return [status, { type: `urn:logpipeline:problem:${kind}`, title: "", status, detail }];
}

function open() {
  return render(
    <SignInGate>
      <InsecureBanner />
      <UserMenu />
      <p>the logs</p>
    </SignInGate>,
  );
}

async function signIn(name: string, password: string) {
  fireEvent.change(await screen.findByLabelText("Name"), { target: { value: name } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: password } });
  await act(async () => {
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    await Promise.resolve();
  });
}

test("who signs in sees the logs, and until then only the sign-in", async () => {
  open();
  await screen.findByRole("heading", { name: "Sign in to Logs" });
  expect(screen.queryByText("the logs")).toBeNull();
  expect(screen.queryByText(/has ended/)).toBeNull();
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Name")));
  answers["POST /session"] = [200, ADA];
  answers["GET /session"] = [200, ADA];
  await signIn(" ada ", " correct horse ");
  await screen.findByText("the logs");
  const posted = calls.find((call) => call.method === "POST");
  expect(JSON.parse(posted?.body ?? "")).toEqual({ user: "ada", password: " correct horse " });
  screen.getByRole("button", { name: "Signed in as ada" });
});

test("a wrong password is said to be wrong, and is to be typed again", async () => {
  open();
  answers["POST /session"] = refusal(401, "unauthorized", "Nobody has that name and password here.");
  await signIn("ada", "wrong");
  const alert = await screen.findByText("The name or the password is wrong.");
  expect(alert.closest("[role=alert]")).not.toBeNull();
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("");
  expect(screen.getByLabelText<HTMLInputElement>("Name").value).toBe("ada");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Password")));
  expect(screen.queryByText(/has ended/)).toBeNull();
});

test("why the server looks at nothing now is said in its words", async () => {
  open();
  answers["POST /session"] = refusal(429, "too-many-attempts", "Too many wrong passwords. Try again in 8 s.");
  await signIn("ada", "wrong");
  await screen.findByText("Too many wrong passwords. Try again in 8 s.");
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("wrong");
});

test("a browser that does not keep the session is told what it needs", async () => {
  open();
  answers["POST /session"] = [200, ADA];
  await signIn("ada", "correct horse");
  await screen.findByText(/it does so for HTTPS only/);
  expect(screen.queryByText("the logs")).toBeNull();
});

test("a session that ends leads to the sign-in, at the same address", async () => {
  answers["GET /session"] = [200, ADA];
  history.replaceState(null, "", "/?q=level%3Aerror&range=all");
  open();
  await screen.findByText("the logs");
  answers["GET /search"] = refusal(401, "unauthorized", "The session has ended. Sign in again.");
  await act(() => api.search({ q: "" }).catch(() => undefined));
  await screen.findByText("Your session has ended. Sign in again to go on where you were.");
  expect(screen.queryByText("the logs")).toBeNull();
  expect(location.search).toBe("?q=level%3Aerror&range=all");
  answers["POST /session"] = [200, ADA];
  await signIn("ada", "correct horse");
  await screen.findByText("the logs");
  expect(location.search).toBe("?q=level%3Aerror&range=all");
});

test("a stream that breaks off is known to be a session that ended", async () => {
  answers["GET /session"] = [200, ADA];
  open();
  await screen.findByText("the logs");
  await act(() => api.checkSession());
  screen.getByText("the logs");
  answers["GET /session"] = [200, NOBODY];
  await act(() => api.checkSession());
  await screen.findByText(/Your session has ended/);
});

test("who signs out sees the sign-in", async () => {
  answers["GET /session"] = [200, ADA];
  open();
  fireEvent.click(await screen.findByRole("button", { name: "Signed in as ada" }));
  answers["DELETE /session"] = refusal(403, "foreign-origin", "Pages of other sites may not sign out.");
  fireEvent.click(screen.getByRole("button", { name: "Sign out" }));
  await screen.findByText("Pages of other sites may not sign out.");
  answers["DELETE /session"] = [204, null];
  fireEvent.click(screen.getByRole("button", { name: "Sign out" }));
  await screen.findByRole("heading", { name: "Sign in to Logs" });
  expect(screen.queryByText(/has ended/), "on purpose").toBeNull();
});

test("a server that asks nobody says so until it is dismissed, for as long as the browser's session lasts", async () => {
  answers["GET /session"] = [200, OPEN];
  const page = open();
  await screen.findByText("No sign-in: anyone who reaches this address can read these logs.");
  screen.getByText("the logs");
  expect(screen.queryByRole("button", { name: /Signed in/ })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByText(/No sign-in/)).toBeNull();
  page.unmount();
  open();
  await screen.findByText("the logs");
  expect(screen.queryByText(/No sign-in/)).toBeNull();
});

test("a token that comes along by itself lets in without a sign-in", async () => {
  answers["GET /session"] = [200, { ...NOBODY, token: "proxy" }];
  open();
  await screen.findByText("the logs");
  expect(screen.queryByRole("button", { name: /Signed in/ })).toBeNull();
});

test("a server that does not answer is said to be away, and asked again", async () => {
  vi.useFakeTimers();
  try {
    answers["GET /session"] = [502, null];
    open();
    await act(() => vi.advanceTimersByTimeAsync(0));
    screen.getByText("The server answered 502.");
    answers["GET /session"] = [200, ADA];
    await act(() => vi.advanceTimersByTimeAsync(5000));
    screen.getByText("the logs");
  } finally {
    vi.useRealTimers();
  }
});
