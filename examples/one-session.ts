// One device and one edge in virtual time: what a token takes in each mode, in milliseconds of this machine's time.
// In a clone: npm run --silent example examples/one-session.ts [round trip, ms]

import { modeNames, runSession } from 'outrider/simulation';

const [roundTripMs = '20'] = process.argv.slice(2);

for (const mode of modeNames) {
  const { msPerToken, drafts } = runSession({
    mode,
    seed: 1,
    roundTripMs: Number(roundTripMs),
    // Each draft is the target's own choice with this probability.
    acceptance: 0.8,
    draftMs: 10,
    // A step of n rows takes fixedMs + n * perRowMs.
    step: { fixedMs: 40, perRowMs: 0.4 },
    // Modes edge-sd and mix draft on the edge.
    edgeDraft: { tokenMs: 10 },
    answerTokens: 200,
  });
  console.log(`${mode}: ${msPerToken.toFixed(1)} ms a token, ${drafts.sent} drafts sent`);
}
