// A scanner types a code like a keyboard, fast, and ends with Enter. On a French keyboard a scanner that was set for an American
// one types `&é"'(` for 12345: the keys, by their place, still say which digits were meant.

interface Stroke {
  key: string;
  code: string;
  at: number;
}

/** Between two characters of a scanner; people are slower. */
const FAST = 50;
const CODE_MIN = 4;

/** The last quick run of keys. */
export class Burst {
  private strokes: Stroke[] = [];

  /** Notes a key. */
  press(key: string, code: string, at: number): void {
    const last = this.strokes[this.strokes.length - 1];
    if (last && at - last.at > FAST) this.strokes = [];
    if (key.length === 1) this.strokes.push({ key, code, at });
  }

  /** What an American keyboard would have typed, if the run is a scanner's; ends the run. */
  finish(at: number): string | undefined {
    const strokes = this.strokes;
    this.strokes = [];
    const last = strokes[strokes.length - 1];
    if (strokes.length < CODE_MIN || !last || at - last.at > FAST) return undefined;
    return strokes.map(({ key, code }) => american(code) ?? key).join("");
  }
}

function american(code: string): string | undefined {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (digit) return digit[1];
  const letter = /^Key([A-Z])$/.exec(code);
  if (letter) return letter[1];
  return { Minus: "-", Period: ".", Slash: "/", Space: " ", NumpadSubtract: "-" }[code];
}
