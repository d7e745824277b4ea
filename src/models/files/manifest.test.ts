// The data in the manifest is complete and consistent, and a name that is nearly right finds its way.

import { describe, expect, it } from 'vitest';
import { nearestName } from '../../core/basics/nearest-name.ts';
import { findModel, requireModel, requireModels, requirePair } from './manifest.ts';
import { modelEntries, modelPairs } from './manifest-data.ts';
import { placeParts } from './pypi.ts';

describe('the data', () => {
  const sources = modelEntries.flatMap((entry) =>
    entry.kind === 'downloaded' ? entry.sources.map((source) => ({ entry, source })) : [],
  );

  it('gives every entry and pair a name of its own that can be typed and is no path', () => {
    const names = [...modelEntries, ...modelPairs].map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
  });

  it('gives every entry a file of its own in the cache, inside of it', () => {
    const fileNames = modelEntries.map((entry) => entry.fileName);
    expect(new Set(fileNames).size).toBe(fileNames.length);
    for (const fileName of fileNames) expect(fileName).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$/);
  });

  it('pins size, hash and licence of every entry', () => {
    for (const entry of modelEntries) {
      expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(entry.byteLength).toBeGreaterThan(0);
      expect(Number.isSafeInteger(entry.byteLength)).toBe(true);
      expect(entry.licence).toMatch(/^[A-Za-z0-9.+-]+$/);
      expect(entry.title).not.toBe('');
    }
  });

  it('pins what every source holds', () => {
    for (const { source } of sources) {
      if (source.kind === 'hub') expect(source.revision).toMatch(/^([0-9a-f]{40}|main)$/);
      else expect(source.version).toMatch(/^\d+(\.\d+)*$/);
    }
  });

  it('pins every part of a file that packages carry, and they make the whole', () => {
    const ofPackages = sources.flatMap(({ entry, source }) => (source.kind === 'pypi' ? [{ entry, source }] : []));
    expect(ofPackages.length).toBeGreaterThan(0);
    for (const { entry, source } of ofPackages) {
      expect(source.parts.reduce((sum, part) => sum + part.byteLength, 0)).toBe(entry.byteLength);
      expect(new Set(source.parts.map((part) => part.sha256)).size).toBe(source.parts.length);
      for (const part of source.parts) {
        expect(part.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(part.byteLength).toBeGreaterThan(0);
        expect(part.wheelBytes).toBeGreaterThan(0);
      }
      const names = placeParts(source).map((part) => part.package);
      expect(new Set(names).size).toBe(source.parts.length);
      if (source.parts.length === 1) expect(source.parts[0]?.sha256).toBe(entry.sha256);
      else expect(source.member).toMatch(/\{nn?\}/);
    }
  });

  it('derives only from entries that are downloaded, by layers in rising order', () => {
    for (const entry of modelEntries) {
      if (entry.kind !== 'derived') continue;
      expect(findModel(entry.base)?.kind).toBe('downloaded');
      expect(entry.droppedLayers.length).toBeGreaterThan(0);
      expect(entry.droppedLayers).toEqual([...new Set(entry.droppedLayers)].sort((left, right) => left - right));
    }
  });

  it('pairs entries that exist, and has a default', () => {
    for (const pair of modelPairs) {
      expect(findModel(pair.target)).toBeDefined();
      expect(findModel(pair.draft)).toBeDefined();
    }
    expect(requireModels('default').map((entry) => entry.name)).toEqual(['smollm2-135m', 'smollm2-135m-coarse']);
  });
});

describe('looking up a name', () => {
  it('says which name may have been meant', () => {
    const remedy = (name: string) =>
      expect.objectContaining({ code: 'model-unknown', remedy: expect.stringContaining(name) });
    expect(() => requireModel('smolm2-135m')).toThrow(remedy('did you mean "smollm2-135m"?'));
    expect(() => requirePair('defualt')).toThrow(remedy('did you mean "default"?'));
    expect(() => requireModels('Default')).toThrow(remedy('did you mean "default"?'));
    expect(() => requireModel('something-else')).toThrow(
      expect.objectContaining({ remedy: expect.not.stringContaining('mean') }),
    );
  });

  it('says that a file is missing if a path was given', () => {
    expect(() => requireModel('models/a.gguf')).toThrow('there is no file models/a.gguf');
  });

  it('takes the nearest name, and none if all are far', () => {
    expect(nearestName('abcd', ['abce', 'xbcd', 'zzzz'])).toBe('abce');
    expect(nearestName('smol', ['smollm2-135m', 'qwen'])).toBe('smollm2-135m');
    expect(nearestName('qqqqqqqq', ['smollm2-135m'])).toBeUndefined();
    expect(nearestName('', ['default-name'])).toBeUndefined();
  });
});
