import { describe, expect, it } from 'vitest';
import { type Block, parseMarkdown } from './markdown.ts';
import type { Inline } from './markdown-inline.ts';

/** The tree as HTML without attributes but addresses, to compare it at sight. */
function shown(source: string): string {
  return parseMarkdown(source).map(blockText).join('');
}

const tags = { strong: 'b', emphasis: 'i', strike: 's' } as const;

function inlineText(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'code') return `<code>${part.text}</code>`;
      const inside = inlineText(part.inside);
      if (part.kind === 'link') return `<a ${part.href}>${inside}</a>`;
      return `<${tags[part.kind]}>${inside}</${tags[part.kind]}>`;
    })
    .join('');
}

function blockText(block: Block): string {
  if (block.kind === 'paragraph') return `<p>${inlineText(block.inside)}</p>`;
  if (block.kind === 'heading') return `<h${block.level}>${inlineText(block.inside)}</h${block.level}>`;
  if (block.kind === 'code') return `<pre ${block.language}>${block.lines.map(({ text }) => text).join('\n')}</pre>`;
  if (block.kind === 'quote') return `<quote>${block.inside.map(blockText).join('')}</quote>`;
  if (block.kind === 'rule') return '<hr>';
  if (block.kind === 'table')
    return `<table>${[block.head, ...block.rows].map((row) => row.map(inlineText).join('|')).join('/')}</table>`;
  const items = block.items.map((item) => `<li>${item.map(blockText).join('')}</li>`).join('');
  return `<list ${block.start}>${items}</list>`;
}

describe('Markdown', () => {
  it.each([
    ['a **b** *c* _d_ ~~e~~ `f*`', '<p>a <b>b</b> <i>c</i> <i>d</i> <s>e</s> <code>f*</code></p>'],
    ['***a** b*', '<p><b>*a</b> b*</p>'],
    ['***a***', '<p><b><i>a</i></b></p>'],
    ['snake_case_name 2*3*4 a * b', '<p>snake_case_name 2<i>3</i>4 a * b</p>'],
    ['**open', '<p>**open</p>'],
    ['**a *b** c', '<p><b>a *b</b> c</p>'],
    ['\\*a\\* `` b`c `` `d', '<p>*a* <code> b`c </code> `d</p>'],
    ['[a](https://b.example/c_(d)) [e] (f)', '<p><a https://b.example/c_(d)>a</a> [e] (f)</p>'],
    ['see https://a.example/b.', '<p>see <a https://a.example/b>https://a.example/b</a>.</p>'],
    ['![cat](https://a.example/cat.png)', '<p><a https://a.example/cat.png>cat</a></p>'],
    ['# A\n\n## B ##\ntext\nmore', '<h1>A</h1><h2>B</h2><p>text\nmore</p>'],
    ['```ts\nif (a < b)\n  c();\n```\nd', '<pre ts>if (a < b)\n  c();</pre><p>d</p>'],
    ['````\n```\n````', '<pre >```</pre>'],
    ['```\nnot ended', '<pre >not ended</pre>'],
    [
      '- a\n- b\n  - c\n\n1. d\n2. e',
      '<list null><li><p>a</p></li><li><p>b</p><list null><li><p>c</p></li></list></li></list><list 1><li><p>d</p></li><li><p>e</p></li></list>',
    ],
    ['3. a\n\n   b\n4. c', '<list 3><li><p>a</p><p>b</p></li><li><p>c</p></li></list>'],
    ['> a\n> > b\n\nc', '<quote><p>a</p><quote><p>b</p></quote></quote><p>c</p>'],
    ['| a | b |\n|---|:-:|\n| c | **d** |\n| e |', '<table>a|b/c|<b>d</b>/e|</table>'],
    ['a\n\n---\n***\nb', '<p>a</p><hr><hr><p>b</p>'],
  ])('%j', (source, expected) => {
    expect(shown(source)).toBe(expected);
  });

  it('keeps HTML as text', () => {
    expect(shown('<img src=x onerror=alert(1)> <script>1</script>')).toBe(
      '<p><img src=x onerror=alert(1)> <script>1</script></p>',
    );
    expect(parseMarkdown('<b>a</b>')).toEqual([
      { kind: 'paragraph', inside: [{ kind: 'text', text: '<b>a</b>', at: 0 }] },
    ]);
  });

  it.each([
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:alert`1`)',
    '[a](data:text/html,x)',
    '[a](//b.example)',
    '[a](java\nscript:x)',
    '[a](vbscript:x)',
    '![a](file:///etc/passwd)',
    '[a](<javascript:x>)',
    '[a](https://)',
  ])('links to nothing else than http, https and mailto: %j', (source) => {
    expect(shown(source)).not.toContain('<a ');
  });

  it('places each leaf in the source', () => {
    const source = '# a *b*\n\n> - `c` **d**\n>   e\n\n```\n f\n```\n\n| g |\n|--|\n| \\*h |';
    const places: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('at' in value && 'text' in value) {
        const { text, at } = value as { text: string; at: number };
        expect(source.slice(at, at + text.length)).toBe(text);
        places.push(text.trim());
      } else for (const inner of Object.values(value)) visit(inner);
    };
    visit(parseMarkdown(source));
    expect(places.filter((text) => text !== '')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', '*h']);
  });

  it.each([
    '*',
    '_a',
    '**a ',
    '*a **b ',
    '[',
    '[](',
    '[a](b ',
    '[]\n',
    '`',
    '` `` ',
    '> ',
    '>',
    '- ',
    '-\n',
    '1. a\n ',
    '| ',
    '|-\n',
    '#',
    '# ',
    '```\n',
    'ahttp://',
    'http://',
    '\\',
    '~~',
    '   ',
    '\n \n- a',
    '((((](',
  ])('takes time in proportion to the text, and nests to a limit: %j', (part) => {
    // As blocks, and within a paragraph.
    const sourcesOf = (length: number) => ['', 'a '].map((before) => before + part.repeat(length / part.length));
    // Which power of the length it is, not how quick: the least of some tries, since other processes and garbage take time of any.
    const leastMs = (length: number, tries: number, enoughMs = 0): number => {
      const sources = sourcesOf(length);
      let least = Number.POSITIVE_INFINITY;
      for (let left = tries; left > 0 && least > enoughMs; left -= 1) {
        const startMs = performance.now();
        for (const source of sources) parseMarkdown(source);
        least = Math.min(least, performance.now() - startMs);
      }
      return least;
    };
    // 16 times the text: 256 times the time, if anything grew with the square.
    const mostMs = 64 * Math.max(5, leastMs(12_500, 3));
    expect(leastMs(200_000, 5, mostMs)).toBeLessThan(mostMs);
    for (const source of sourcesOf(50_000)) expect(depthOf(parseMarkdown(source))).toBeLessThan(100);
  });
});

/** How deep a tree is. Its beginning has its deepest part. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).slice(0, 500).map(depthOf));
}
