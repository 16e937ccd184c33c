import { useState } from "react";
import { CloseIcon, WarnIcon } from "../ui/icons";
import { useSession } from "./session";

const KEY = "logpipeline.insecure-seen";

/** Says that anybody may search, until it is dismissed, for as long as the browser's session lasts. */
export function InsecureBanner() {
  const { insecure } = useSession();
  const [seen, setSeen] = useState(() => {
    try {
      return sessionStorage.getItem(KEY) !== null;
    } catch {
      return false;
    }
  });
  if (!insecure || seen) return null;

  const dismiss = () => {
    setSeen(true);
    try {
      sessionStorage.setItem(KEY, "1");
    } catch {
      // It then lasts as long as the page.
    }
  };

  return (
    <div className="insecure" role="note">
      <WarnIcon />
      <span>No sign-in: anyone who reaches this address can read these logs.</span>
      <button type="button" aria-label="Dismiss" title="Dismiss" onClick={dismiss}>
        <CloseIcon />
      </button>
    </div>
  );
}
