import { createContext, useContext } from "react";
import type { SessionResponse } from "../api/types";

export interface Session extends SessionResponse {
  /** Ends the session; rejects where the server cannot be told. */
  signOut: () => Promise<void>;
}

/** Without a gate around it, a page neither asks nor warns. */
const OPEN: Session = {
  user: null,
  token: null,
  insecure: false,
  signInRequired: false,
  signOut: () => Promise.resolve(),
};

export const SessionContext = createContext<Session>(OPEN);

export function useSession(): Session {
  return useContext(SessionContext);
}

/** Whether the server answers what it holds. */
export function isLetIn(session: SessionResponse): boolean {
  return !session.signInRequired || session.user !== null || session.token !== null;
}
