// Tones by Web Audio, no files. A browser lets a page sound only after somebody has pressed something on it.

let context: AudioContext | null = null;

export const blocked = (): boolean => !context || context.state !== "running";

/** Inside a press: make the browser let us sound. */
export async function unlock(): Promise<boolean> {
  context ??= new AudioContext();
  await context.resume().catch(() => undefined);
  return !blocked();
}

/** Hertz, a fifth of a second each; without edges that would click. */
export function play(tones: number[], loud: boolean): void {
  if (!context || blocked()) return;
  tones.forEach((hertz, n) => {
    const tone = context!.createOscillator(), gain = context!.createGain(), at = context!.currentTime + n * 0.22;
    tone.type = "triangle";
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud ? 0.9 : 0.3, at + 0.02);
    gain.gain.setValueAtTime(loud ? 0.9 : 0.3, at + 0.16);
    gain.gain.linearRampToValueAtTime(0, at + 0.2);
    tone.connect(gain).connect(context!.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  });
}
