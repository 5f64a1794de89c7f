// A result is heard and felt too: a driver does not always look.

export function signalResult(isGood: boolean): void {
  navigator.vibrate?.(isGood ? 120 : [120, 80, 120, 80, 240]);
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = isGood ? 880 : 220;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + (isGood ? 0.12 : 0.4));
    tone.onended = () => void audio.close();
  } catch {
    // A browser without sound: the screen says the same.
  }
}
