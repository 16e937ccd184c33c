import type { IncomingMessage } from "node:http";
import type { SessionResponse } from "../src/api/types";

const USER = "ada";
const PASSWORD = "secret";

/** Who is signed in; one for all browsers is enough. */
export class MockSession {
  private user: string | null = null;

  constructor(private readonly required: boolean) {}

  /** Entries are sent to the ingestor, which is another server. */
  letsIn(request: IncomingMessage): boolean {
    return !this.required || this.user !== null || request.method === "POST";
  }

  /** Whether it is somebody who is known. */
  signIn(body: string): boolean {
    const { user, password } = JSON.parse(body) as { user: string; password: string };
    if (user !== USER || password !== PASSWORD) return false;
    this.user = user;
    return true;
  }

  signOut(): void {
    this.user = null;
  }

  answer(): SessionResponse {
    return { user: this.user, token: null, insecure: !this.required, signInRequired: this.required };
  }
}
