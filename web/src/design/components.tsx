// The components of every screen. They know tokens and texts that they are given, and nothing of shops.
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useKeys } from "../lib/keys";

const PATHS = {
  check: "M4 12.5l5 5L20 6.5",
  up: "M12 19V6M6 11l6-6 6 6",
  down: "M12 5v13M6 13l6 6 6-6",
  clock: "M12 7v5l3.5 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  offline: "M3 3l18 18M7 18h10.5M6.5 9.6A4.5 4.5 0 0 0 7 18M10 6.3A6 6 0 0 1 17.9 11a3.6 3.6 0 0 1 2.6 5.6",
  alert: "M12 8v5M12 16.5v.01M10.3 3.9L2.5 18a2 2 0 0 0 1.7 3h15.6a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z",
  unplug: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4M3 3l18 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21",
  basket: "M3 9h18l-2 10a2 2 0 0 1-2 1.6H7A2 2 0 0 1 5 19zM8 9l3-6M16 9l-3-6",
  receipt: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4",
  print: "M7 9V3h10v6M7 17H4v-8h16v8h-3M7 14h10v7H7z",
  close: "M6 6l12 12M18 6L6 18",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14",
  minus: "M5 12h14",
  plus: "M5 12h14M12 5v14",
  drawer: "M3 9h18v11H3zM3 13h18M10 16.5h4M6 9l1.5-5h9L18 9",
  lock: "M6 11h12v10H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  back: "M19 12H5M11 6l-6 6 6 6",
  pause: "M8 5v14M16 5v14",
  erase: "M21 5H9l-6 7 6 7h12zM12 9.5l5 5M17 9.5l-5 5",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  camera: "M4 8h4l1.5-3h5L16 8h4v11H4zM12 10.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  light: "M8 3h8l-1 6-2 2v9a1 1 0 0 1-2 0v-9L9 9zM12 14v.01",
  pen: "M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3",
  pin: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  next: "M9 5l7 7-7 7",
  truck: "M2 6h12v10H2zM14 10h4l4 3.5V16h-8M7 16.5a2 2 0 1 0 .01 0zM17.5 16.5a2 2 0 1 0 .01 0z",
  battery: "M3 8h16v8H3zM21.5 11v2M6 10.5v3",
  boxes: "M4 11h7v9H4zM13 11h7v9h-7zM8.5 3h7v8h-7z",
  shelf: "M4 3v18M20 3v18M4 9h16M4 18h16M8 9V5h4v4M13 18v-5h4v5",
  page: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h5",
  people: "M9 5a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 9 5zM2.5 20a6.5 6.5 0 0 1 13 0M16 5.4a3 3 0 0 1 0 5.8M18 14.2a6 6 0 0 1 3.5 5.8",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  again: "M20 12a8 8 0 1 1-2.4-5.7M20 4v4.5h-4.5",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21a8 8 0 0 1 16 0",
} as const;
export type IconName = keyof typeof PATHS;
export type Tone = "good" | "info" | "warn" | "danger" | "quiet";

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon" | "size" | "type" | "disabled"> {
  kind?: "primary" | "danger" | "plain" | "normal";
  large?: boolean;
  icon?: IconName;
  /** The key that does the same, shown where there is a keyboard. */
  shortcut?: string;
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  children?: ComponentChildren;
}

export function Button({ kind = "normal", large, icon, shortcut, busy, disabled, children, class: more, type = "button", ...rest }: ButtonProps) {
  const name = ["button", kind === "normal" ? "" : kind, large ? "large" : "", more ?? ""].filter(Boolean).join(" ");
  return (
    <button type={type} class={name} disabled={disabled || busy} aria-busy={busy ? "true" : undefined} aria-keyshortcuts={shortcut} {...rest}>
      {busy ? <span class="spinner" /> : icon && <Icon name={icon} />}
      {children}
      {shortcut && <kbd aria-hidden="true">{shortcut}</kbd>}
    </button>
  );
}

/** A button that shows an icon alone; its label is heard, and shown on hover. */
export function IconButton({ icon, label, ...rest }: ButtonProps & { icon: IconName; label: string }) {
  return <Button icon={icon} kind="plain" aria-label={label} title={label} {...rest} />;
}

interface FieldProps {
  label: string;
  value: string;
  error?: string | undefined;
  numeric?: boolean;
  type?: "text" | "password" | "date" | "email" | "tel";
  required?: boolean;
  autoComplete?: string;
  autoCapitalize?: "none";
  spellcheck?: boolean;
  maxLength?: number;
  name?: string;
  placeholder?: string;
  /** Has the focus when its dialog opens, with its text selected. */
  autofocus?: boolean;
  onValue: (value: string) => void;
}

export function Field({ label, value, error, numeric, onValue, type = "text", autofocus, ...rest }: FieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  // A dialog gives the focus itself; a screen that is shown later than its page does not.
  useLayoutEffect(() => {
    if (autofocus && !input.current?.closest("dialog")) input.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        ref={input}
        // The types know each kind of input apart.
        type={type as "text"}
        autofocus={autofocus ?? false}
        onFocus={(event) => autofocus && event.currentTarget.select()}
        class={numeric ? "input number" : "input"}
        inputMode={numeric ? "decimal" : undefined}
        value={value}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...rest}
      />
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

export function Banner({ tone, icon, children, role }: { tone: Exclude<Tone, "quiet">; icon?: IconName; children: ComponentChildren; role?: "alert" | "status" }) {
  const own: IconName = icon ?? (tone === "good" ? "check" : "alert");
  return (
    <div class={`banner ${tone}`} role={role}>
      <Icon name={own} />
      <div>{children}</div>
    </div>
  );
}

export function Badge({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <b>{title}</b>
      {children && <span>{children}</span>}
    </div>
  );
}

interface DialogProps {
  title: string;
  closeLabel: string;
  wide?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog: the browser keeps the focus inside, and gives it back. Escape closes it. */
export function Dialog({ title, closeLabel, wide, onClose, children }: DialogProps) {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  // Before the next key arrives.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label={closeLabel} onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

export function Actions({ children }: { children: ComponentChildren }) {
  return <div class="actions">{children}</div>;
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; icon?: IconName }[];
  onChoose: (value: T) => void;
}

export function Choice<T extends string>({ label, value, options, onChoose }: ChoiceProps<T>) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map((option) => (
        <Button key={option.value} {...(option.icon ? { icon: option.icon } : {})} aria-pressed={option.value === value ? "true" : "false"} onClick={() => onChoose(option.value)}>
          {option.label}
        </Button>
      ))}
    </div>
  );
}

interface PinPadProps {
  value: string;
  digitsMax: number;
  label: string;
  eraseLabel: string;
  confirmLabel: string;
  busy?: boolean;
  onValue: (value: string) => void;
  onConfirm: () => void;
}

/** Digits by finger or keyboard. The digits are not shown. */
export function PinPad({ value, digitsMax, label, eraseLabel, confirmLabel, busy, onValue, onConfirm }: PinPadProps) {
  const type = (digit: string): void => {
    if (value.length < digitsMax) onValue(value + digit);
  };
  useKeys((event) => {
    if ((event.target as Element).closest("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^\d$/.test(event.key)) type(event.key);
    else if (event.key === "Backspace") onValue(value.slice(0, -1));
    else if (event.key === "Enter" && value.length >= 4) onConfirm();
    else return;
    event.preventDefault();
  });
  return (
    <div role="group" aria-label={label}>
      <p class="pin-dots" aria-label={`${label}: ${value.length}`} role="status">
        {Array.from({ length: Math.max(4, value.length) }, (_, at) => (
          <span key={at} class={at < value.length ? "on" : ""} />
        ))}
      </p>
      <div class="pin-pad">
        {["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) => (
          <Button key={digit} onClick={() => type(digit)}>
            {digit}
          </Button>
        ))}
        <Button icon="erase" aria-label={eraseLabel} onClick={() => onValue(value.slice(0, -1))} />
        <Button onClick={() => type("0")}>0</Button>
        <Button kind="primary" icon="check" aria-label={confirmLabel} disabled={value.length < 4} busy={busy ?? false} onClick={onConfirm} />
      </div>
    </div>
  );
}
