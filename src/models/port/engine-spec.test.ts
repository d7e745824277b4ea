import { describe, expect, it } from 'vitest';
import { describeAddress, parseEngineSpec } from './engine-spec.ts';

describe('the name of an engine', () => {
  it('is one of five forms', () => {
    expect(parseEngineSpec('llama')).toEqual({ kind: 'llama' });
    expect(parseEngineSpec('ik')).toEqual({ kind: 'ik' });
    expect(parseEngineSpec('vllm:/models/a:b')).toEqual({ kind: 'vllm', directory: '/models/a:b' });
    expect(parseEngineSpec('unix:rows')).toEqual({ kind: 'unix', path: 'rows' });
    expect(parseEngineSpec('tcp:8700')).toEqual({ kind: 'tcp', port: 8700 });
    for (const text of ['unix:rows', 'tcp:8700']) expect(describeAddress(parseEngineSpec(text) as never)).toBe(text);
  });

  it('of another machine is refused, with the way there', () => {
    for (const text of ['tcp:box:8700', 'tcp:10.0.0.1:8700', 'tcp:0', 'tcp:65536', 'tcp:1e3', 'tcp:-1'])
      expect(() => parseEngineSpec(text), text).toThrow(
        expect.objectContaining({ remedy: expect.stringContaining('ssh -L') }),
      );
  });

  it('of no known form is refused', () => {
    for (const text of ['', 'vllm', 'vllm:', 'unix:', 'tcp:', 'http://box', 'LLAMA', 'grpc:1'])
      expect(() => parseEngineSpec(text), text).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
