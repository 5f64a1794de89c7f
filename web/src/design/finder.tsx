// An input with what it finds below it: by keyboard, by touch, and ready for a scanner.
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./components";

interface FinderProps<T> {
  label: string;
  /** What to show for a text; for an empty one nothing is shown. */
  find: (typed: string) => T[];
  keyOf: (found: T) => string;
  children: (found: T) => ComponentChildren;
  onChoose: (found: T) => void;
  /** Takes a text as it is on Enter, such as a whole code; false to choose what is found. */
  onEnter?: (typed: string) => boolean;
  onKey?: (event: KeyboardEvent) => void;
  none?: (typed: string) => ComponentChildren;
  input?: RefObject<HTMLInputElement | null>;
  autofocus?: boolean;
}

export function Finder<T>({ label, find, keyOf, children, onChoose, onEnter, onKey, none, input, autofocus }: FinderProps<T>) {
  const id = useId();
  const own = useRef<HTMLInputElement>(null);
  const field = input ?? own;
  const list = useRef<HTMLUListElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const found = typed.trim() ? find(typed) : [];
  // Before the next key arrives: a scanner does not wait.
  useLayoutEffect(() => {
    if (autofocus) field.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  const clear = (): void => {
    setTyped("");
    setAt(0);
    field.current?.focus({ preventScroll: true });
  };
  const choose = (chosen: T): void => {
    onChoose(chosen);
    clear();
  };
  const press = (event: KeyboardEvent): void => {
    onKey?.(event);
    const text = field.current?.value ?? "";
    if (event.key === "Enter") {
      event.preventDefault();
      if (!text.trim()) return;
      const now = find(text);
      if (onEnter?.(text.trim())) clear();
      else if (now[at]) choose(now[at]!);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      setAt(Math.min(at + 1, Math.max(0, found.length - 1)));
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      setAt(Math.max(0, at - 1));
    } else if (event.key === "Escape" && text) {
      event.preventDefault();
      event.stopPropagation();
      clear();
    }
  };
  const isOpen = found.length > 0;
  return (
    <div class="finder">
      <div class="search">
        <Icon name="search" />
        <input
          ref={field}
          class="input"
          type="text"
          role="combobox"
          aria-expanded={isOpen ? "true" : "false"}
          aria-controls={isOpen ? `${id}-found` : undefined}
          aria-autocomplete="list"
          aria-activedescendant={isOpen ? `${id}-${at}` : undefined}
          aria-label={label}
          placeholder={label}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          value={typed}
          onKeyDown={press}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setAt(0);
          }}
        />
      </div>
      {isOpen && (
        <ul class="found" id={`${id}-found`} role="listbox" aria-label={label} ref={list}>
          {found.map((one, index) => (
            <li
              key={keyOf(one)}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at ? "true" : "false"}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => choose(one)}
            >
              {children(one)}
            </li>
          ))}
        </ul>
      )}
      {typed.trim() && !isOpen && none && <p class="soft found-none">{none(typed.trim())}</p>}
    </div>
  );
}

/** How much of a whole is done; the text says the same. */
export function Progress({ done, of, label }: { done: number; of: number; label: string }) {
  return (
    <div class="progress">
      <progress value={Math.min(done, of)} max={Math.max(of, 1)} aria-label={label} />
      <span class="small">{label}</span>
    </div>
  );
}
