import { describe, expect, it } from 'vitest';
import { ToldText } from './told-text.ts';

describe('the text that a client has been told', () => {
  it("is the target's own without a word about it, while no other model writes", () => {
    const told = new ToldText();
    expect(told.verified('The sky')).toEqual({ text: 'The sky', standing: undefined });
    expect(told.verified(' is blue.')).toEqual({ text: ' is blue.', standing: undefined });
    expect(told.verified('', true)).toEqual({ text: '', standing: undefined });
    expect(told.text).toBe('The sky is blue.');
  });

  it('says from where nobody verified it, and that it is verified once the target agrees with all of it', () => {
    const told = new ToldText();
    told.verified('The sky');
    expect(told.unverified(' is')).toEqual({ text: ' is', standing: { verified: false, from: 7 } });
    expect(told.unverified(' blue')).toEqual({ text: ' blue', standing: { verified: false, from: 7 } });
    expect(told.verified(' i')).toBeNull();
    expect(told.standing).toEqual({ verified: false, from: 9 });
    expect(told.verified('s blue and')).toEqual({ text: ' and', standing: { verified: true } });
    expect(told.verified(' wide')).toEqual({ text: ' wide', standing: { verified: true } });
    expect(told.unverified('.')).toEqual({ text: '.', standing: { verified: false, from: 24 } });
    expect(told.text).toBe('The sky is blue and wide.');
  });

  it('stays unverified from the first difference on, whatever is written later', () => {
    const told = new ToldText();
    told.unverified('The sky is red');
    const standing = { verified: false, from: 11, differsAt: 11 };
    expect(told.verified('The sky is blue')).toEqual({ text: '', standing });
    expect(told.hasLeftOwn).toBe(true);
    expect(told.unverified(' tonight')).toEqual({ text: ' tonight', standing });
  });

  it("differs where the target's own text ends before it", () => {
    const told = new ToldText();
    told.unverified('Blue. Always');
    expect(told.verified('Blue.')).toBeNull();
    expect(told.verified('', true)).toEqual({ text: '', standing: { verified: false, from: 5, differsAt: 5 } });
  });

  it('counts characters, not halves of them', () => {
    const told = new ToldText();
    told.unverified('🌍🌑');
    // The two moons share their first half.
    expect(told.verified('🌍🌒')).toEqual({ text: '', standing: { verified: false, from: 1, differsAt: 1 } });
  });

  it('has nothing that another target has verified until that agrees with all of it', () => {
    const told = new ToldText();
    told.verified('The sky');
    told.forgetOwn();
    expect(told.standing).toEqual({ verified: false, from: 0 });
    expect(told.verified('The')).toBeNull();
    expect(told.verified(' sky is')).toEqual({ text: ' is', standing: { verified: true } });
  });
});
