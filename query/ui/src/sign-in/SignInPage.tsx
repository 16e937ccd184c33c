import { useEffect, useId, useRef, useState, type SubmitEvent } from "react";
import { api } from "../api/client";
import { toProblem } from "../api/problem";
import type { SessionResponse } from "../api/types";
import { ThemeToggle } from "../app/theme";
import { WarnIcon } from "../ui/icons";
import { isLetIn } from "./session";

interface Props {
  /** Somebody was signed in until now. */
  ended: boolean;
  onSignedIn: (session: SessionResponse) => void;
}

const NOT_KEPT =
  "The browser did not keep the session: it does so for HTTPS only. Open this page with https:// in its address.";

export function SignInPage({ ended, onSignedIn }: Props) {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const errorId = useId();
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Sign in · Logs";
    user.current?.focus();
  }, []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!user.current || !password.current || busy) return;
    setBusy(true);
    setError(null);
    try {
      await api.signIn(user.current.value.trim(), password.current.value);
      const session = await api.session();
      if (isLetIn(session)) {
        onSignedIn(session);
        return;
      }
      setError(NOT_KEPT);
    } catch (reason) {
      const problem = toProblem(reason);
      setError(problem.status === 401 ? "The name or the password is wrong." : problem.detail);
      if (problem.status === 401) {
        password.current.value = "";
        password.current.focus();
      }
    }
    setBusy(false);
  };

  return (
    <div className="sign-in">
      <div className="sign-in-corner">
        <ThemeToggle />
      </div>
      <main>
        <form className="sign-in-card" onSubmit={(event) => void submit(event)}>
          <h1>
            <img src="/favicon.svg" alt="" width="24" height="24" />
            Sign in to Logs
          </h1>
          {ended && <p className="muted">Your session has ended. Sign in again to go on where you were.</p>}
          <label>
            Name
            <input
              ref={user}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              aria-describedby={error === null ? undefined : errorId}
            />
          </label>
          <label>
            Password
            <input
              ref={password}
              name="password"
              type="password"
              autoComplete="current-password"
              required
              aria-describedby={error === null ? undefined : errorId}
            />
          </label>
          <div id={errorId} role="alert">
            {error !== null && (
              <p className="sign-in-error">
                <WarnIcon /> <span>{error}</span>
              </p>
            )}
          </div>
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
        </form>
      </main>
    </div>
  );
}
