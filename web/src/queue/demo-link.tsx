// The connection to central of a demonstration: cut it, sell, and join it again. A shop's node has no such switch.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button } from "../design/components";
import { call, type Problem } from "../lib/client";
import { t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { live } from "../lib/stream";

export function DemoLink() {
  const [connected, setConnected] = useState<boolean>();
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const { sync, reached } = live.value;
  useEffect(() => {
    // A command may have changed it.
    void call("get", "/api/v1/demo/link").then((answer) => answer.ok && setConnected(answer.data.connected));
  }, [sync?.phase, reached]);
  if (connected === undefined) return null;
  const toggle = async (): Promise<void> => {
    setWorking(true);
    const answer = await call("put", "/api/v1/demo/link", { body: { connected: !connected } });
    setWorking(false);
    setProblem(answer.ok ? undefined : answer.problem);
    if (answer.ok) setConnected(answer.data.connected);
  };
  return (
    <Banner tone={connected ? "info" : "warn"}>
      <div class="demo-link">
        <span>{connected ? t("demo-connected") : t("demo-cut")}</span>
        <Button icon={connected ? "unplug" : "up"} disabled={working} onClick={() => void toggle()}>
          {connected ? t("demo-cut-action") : t("demo-connect-action")}
        </Button>
      </div>
      {problem && <p role="alert">{problemText(problem)}</p>}
    </Banner>
  );
}
