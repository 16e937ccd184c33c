import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { api, onSignedOut } from "../api/client";
import { toProblem, type Problem } from "../api/problem";
import type { SessionResponse } from "../api/types";
import { useRetry } from "../app/useRetry";
import { ProblemNote } from "../ui/ProblemNote";
import { isLetIn, SessionContext } from "./session";
import { SignInPage } from "./SignInPage";

/**
 * Shows the page to those who may see it, and the sign-in to others, also when a session ends. The address stays as it
 * is, so that after signing in the same search shows.
 */
export function SignInGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<SessionResponse | null>(null);
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [run, setRun] = useState(0);
  const rerun = useCallback(() => setRun((last) => last + 1), []);
  const retryIn = useRetry(problem, rerun);

  useEffect(() => {
    const controller = new AbortController();
    api
      .session(controller.signal)
      .then((answer) => {
        setSession(answer);
        setProblem(null);
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(toProblem(error));
      });
    return () => controller.abort();
  }, [run]);

  useEffect(
    () =>
      onSignedOut(() => {
        setEnded(true);
        setSession((last) => last && { ...last, user: null, token: null, signInRequired: true });
      }),
    [],
  );

  const signedIn = useCallback((answer: SessionResponse) => {
    setEnded(false);
    setSession(answer);
  }, []);

  const context = useMemo(
    () =>
      session && {
        ...session,
        signOut: async () => {
          await api.signOut();
          setSession({ ...session, user: null });
        },
      },
    [session],
  );

  if (context && isLetIn(context)) return <SessionContext value={context}>{children}</SessionContext>;
  if (context) return <SignInPage ended={ended} onSignedIn={signedIn} />;
  if (!problem) return null;
  return (
    <main className="sign-in">
      <ProblemNote problem={problem} retryIn={retryIn} onRetry={rerun} />
    </main>
  );
}
