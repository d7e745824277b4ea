import { describe, expect, it } from 'vitest';
import { SentText } from './sent-text.ts';

describe('the text that a client has been told', () => {
  it("is the target's own without a word about it, while no other model writes", () => {
    const sent = new SentText();
    expect(sent.verified('The sky')).toEqual({ text: 'The sky', standing: undefined });
    expect(sent.verified(' is blue.')).toEqual({ text: ' is blue.', standing: undefined });
    expect(sent.verified('', true)).toEqual({ text: '', standing: undefined });
    expect(sent.text).toBe('The sky is blue.');
  });

  it('says from where nobody verified it, and that it is verified once the target agrees with all of it', () => {
    const sent = new SentText();
    sent.verified('The sky');
    expect(sent.unverified(' is')).toEqual({ text: ' is', standing: { verified: false, from: 7 } });
    expect(sent.unverified(' blue')).toEqual({ text: ' blue', standing: { verified: false, from: 7 } });
    expect(sent.verified(' i')).toBeNull();
    expect(sent.standing).toEqual({ verified: false, from: 9 });
    expect(sent.verified('s blue and')).toEqual({ text: ' and', standing: { verified: true } });
    expect(sent.verified(' wide')).toEqual({ text: ' wide', standing: { verified: true } });
    expect(sent.unverified('.')).toEqual({ text: '.', standing: { verified: false, from: 24 } });
    expect(sent.text).toBe('The sky is blue and wide.');
  });

  it('stays unverified from the first difference on, whatever is written later', () => {
    const sent = new SentText();
    sent.unverified('The sky is red');
    const standing = { verified: false, from: 11, differsAt: 11 };
    expect(sent.verified('The sky is blue')).toEqual({ text: '', standing });
    expect(sent.hasLeftOwn).toBe(true);
    expect(sent.unverified(' tonight')).toEqual({ text: ' tonight', standing });
  });

  it("differs where the target's own text ends before it", () => {
    const sent = new SentText();
    sent.unverified('Blue. Always');
    expect(sent.verified('Blue.')).toBeNull();
    expect(sent.verified('', true)).toEqual({ text: '', standing: { verified: false, from: 5, differsAt: 5 } });
  });

  it('counts characters, not halves of them', () => {
    const sent = new SentText();
    sent.unverified('🌍🌑');
    // The two moons share their first half.
    expect(sent.verified('🌍🌒')).toEqual({ text: '', standing: { verified: false, from: 1, differsAt: 1 } });
  });

  it('has nothing that another target has verified until that agrees with all of it', () => {
    const sent = new SentText();
    sent.verified('The sky');
    sent.forgetOwn();
    expect(sent.standing).toEqual({ verified: false, from: 0 });
    expect(sent.verified('The')).toBeNull();
    expect(sent.verified(' sky is')).toEqual({ text: ' is', standing: { verified: true } });
  });
});
