import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { createRef, useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "../api/client";
import { ApiError } from "../api/problem";
import { QueryBar } from "./QueryBar";

beforeEach(() => localStorage.clear());
afterEach(cleanup);

function show(onRun = vi.fn(), initial = "", explainedBy: string | null = null) {
  function Host() {
    const [draft, setDraft] = useState(initial);
    return (
      <QueryBar
        draft={draft}
        onDraft={setDraft}
        onRun={onRun}
        bounds={{}}
        inputRef={createRef()}
        explainedBy={explainedBy}
      />
    );
  }
  const { container } = render(<Host />);
  const input = screen.getByRole<HTMLTextAreaElement>("combobox");
  input.focus();
  const type = (text: string) =>
    fireEvent.change(input, { target: { value: text, selectionStart: text.length } });
  return { container, input, type, onRun };
}

function refuse() {
  vi.spyOn(api, "fields").mockResolvedValue({ fields: [], partial: false });
  return vi.spyOn(api, "parse").mockRejectedValue(
    new ApiError({
      kind: "invalid-query",
      status: 400,
      detail: "The query cannot be read.",
      message: "`eror` is not a known level",
      // "Zürich " is eight bytes, "level>=" seven.
      span: { start: 15, end: 19 },
      hint: "the known levels are …",
      suggestion: "Zürich level>=error",
    }),
  );
}

test("an error is shown as it is typed, underlined at its characters", async () => {
  refuse();
  const { container, input, type } = show();
  type("Zürich level>=eror");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("eror is not a known level");
  expect(alert.textContent).toContain("The known levels are …");
  expect(container.querySelector(".query-mirror mark")?.textContent).toBe("eror");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(input.getAttribute("aria-describedby") ?? "")).toBe(alert);
});

test("an error that the results explain is underlined, and not explained here as well", async () => {
  refuse();
  const { container, input } = show(vi.fn(), "Zürich level>=eror", "note");
  await waitFor(() => expect(container.querySelector(".query-mirror mark")?.textContent).toBe("eror"));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(input.getAttribute("aria-describedby")).toBe("note");
});

test("the suggested query is taken by a click", async () => {
  refuse();
  const { input, type } = show();
  type("Zürich level>=eror");
  fireEvent.click(await screen.findByRole("button", { name: "Zürich level>=error" }));
  expect(input.value).toBe("Zürich level>=error");
});

test("the error goes when the query is well", async () => {
  const parse = refuse();
  const { type } = show();
  type("Zürich level>=eror");
  await screen.findByRole("alert");
  parse.mockResolvedValue(undefined);
  type("level:error");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("Enter runs, Shift+Enter does not", () => {
  vi.spyOn(api, "parse").mockResolvedValue(undefined);
  const { input, onRun } = show(vi.fn(), "level:error");
  fireEvent.keyDown(input, { key: "Enter", shiftKey: true });
  expect(onRun).not.toHaveBeenCalled();
  fireEvent.keyDown(input, { key: "Enter" });
  expect(onRun).toHaveBeenCalledExactlyOnceWith("level:error");
});

test("arrow up recalls what was run, arrow down comes back", () => {
  vi.spyOn(api, "parse").mockResolvedValue(undefined);
  localStorage.setItem("logpipeline.query-history", JSON.stringify(["newest", "older"]));
  const { input } = show(vi.fn(), "typing");
  fireEvent.keyDown(input, { key: "ArrowUp" });
  expect(input.value).toBe("newest");
  fireEvent.keyDown(input, { key: "ArrowUp" });
  expect(input.value).toBe("older");
  fireEvent.keyDown(input, { key: "ArrowUp" });
  expect(input.value).toBe("older");
  fireEvent.keyDown(input, { key: "ArrowDown" });
  fireEvent.keyDown(input, { key: "ArrowDown" });
  expect(input.value).toBe("typing");
});

test("values are suggested behind a field and taken with Tab", async () => {
  vi.spyOn(api, "parse").mockResolvedValue(undefined);
  const values = vi.spyOn(api, "values").mockResolvedValue({
    field: "resourceId",
    values: [{ value: "pay ments", count: 3 }],
    withField: 3,
    partial: false,
    approximate: false,
  });
  const { input, type } = show();
  type("service:pay");
  await screen.findByRole("option", { name: /pay ments/ });
  expect(values.mock.calls[0]?.[0]).toBe("resourceId");
  expect(values.mock.calls[0]?.[1]).toMatchObject({ prefix: "pay" });
  fireEvent.keyDown(input, { key: "Tab" });
  expect(input.value).toBe('service:"pay ments" ');
});
