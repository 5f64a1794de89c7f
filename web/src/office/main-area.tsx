import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

let isFirst = true;

/** The content of a place. Who goes to another place goes there with the keyboard too; the first page of a visit leaves it. */
export function MainArea({ inbox, open, children }: { inbox?: boolean; open?: boolean; children: ComponentChildren }) {
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isFirst) ref.current?.focus();
    isFirst = false;
  }, []);
  return (
    <main ref={ref} class={inbox ? "screen office inbox" : "screen office"} id="content" tabIndex={-1} data-open={open ? "yes" : "no"}>
      {children}
    </main>
  );
}
