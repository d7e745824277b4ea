// Opens a recording, and plays it.

import { useEffect } from 'preact/hooks';
import { fleetWords } from '../parts/words.ts';
import {
  backToLive,
  isPlaying,
  openRecording,
  playOn,
  position,
  recordFault,
  recording,
  seek,
  speed,
} from './model.ts';
import { mostRecordBytes, readRecording } from './recording.ts';

const text = fleetWords;
const lineMs = 1000;
const speeds = [1, 4, 16, 60];
const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

async function open(file: File): Promise<void> {
  recordFault.value = null;
  if (file.size > mostRecordBytes) {
    recordFault.value = text.recordLarge(file.name, String(mostRecordBytes / 1_048_576));
    return;
  }
  try {
    const read = readRecording(file.name, await file.text());
    openRecording(read);
    if (read.damagedFrom !== null) recordFault.value = text.recordCut(file.name, read.damagedFrom);
  } catch {
    recordFault.value = text.notARecord(file.name);
  }
}

export function RecordingBar() {
  return (
    <div class="recording">
      <label class="file">
        {text.record}{' '}
        <input
          type="file"
          aria-describedby="record-hint"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file !== undefined) void open(file);
            // The same file may be chosen again.
            currentTarget.value = '';
          }}
        />
      </label>
      <span class="note" id="record-hint">
        {text.recordHint}
      </span>
      {recordFault.value === null ? null : <p role="alert">{recordFault.value}</p>}
      {recording.value === null ? null : <Player />}
    </div>
  );
}

function Player() {
  const { value } = recording;
  const isOn = isPlaying.value;
  const pauseMs = lineMs / speed.value;
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(playOn, pauseMs);
    return () => clearInterval(timer);
  }, [isOn, pauseMs]);
  if (value === null) return null;
  const atSeconds = value.wholes[position.value]?.atSeconds ?? 0;
  return (
    <section class="player" aria-label={text.recordOf(value.name)}>
      <strong>{text.recordOf(value.name)}</strong>
      <button
        type="button"
        onClick={() => {
          isPlaying.value = !isOn;
        }}
      >
        {isOn ? text.pause : text.play}
      </button>
      <input
        type="range"
        aria-label={text.position}
        aria-valuetext={clock.format(1000 * atSeconds)}
        min={0}
        max={value.wholes.length - 1}
        value={position.value}
        onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
      />
      <span>{clock.format(1000 * atSeconds)}</span>
      <label>
        {text.speed}{' '}
        <select
          value={speed.value}
          onChange={({ currentTarget }) => {
            speed.value = Number(currentTarget.value);
          }}
        >
          {speeds.map((one) => (
            <option key={one} value={one}>
              × {one}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={backToLive}>
        {text.backToLive}
      </button>
    </section>
  );
}
