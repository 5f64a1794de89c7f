import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A screen whose script is loaded when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return (props: P) => {
    const [Screen, setScreen] = useState<ComponentType<P> | undefined>(() => loaded);
    useEffect(() => {
      if (!loaded) {
        void load().then((component) => {
          loaded = component;
          setScreen(() => component);
        });
      }
    }, []);
    return Screen ? <Screen {...props} /> : <main class="screen" aria-busy="true" />;
  };
}
