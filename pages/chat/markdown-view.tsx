// Markdown as nodes. Text becomes text nodes only, so that no text of a model is ever markup.

import type { ComponentChildren, VNode } from 'preact';
import { words } from '../parts/words.ts';
import { CopyButton } from './copy-button.tsx';
import { type Block, parseMarkdown, type Row } from './markdown.ts';
import type { Inline, Leaf } from './markdown-inline.ts';

interface Tint {
  /** Begin and end of drafted text, in turn; null: no tint. */
  readonly drafted: readonly number[] | null;
}

export function Markdown({ text, drafted }: Tint & { readonly text: string }): VNode {
  return <div class="markdown">{parseMarkdown(text).map((block) => blockOf(block, { drafted }))}</div>;
}

function blockOf(block: Block, tint: Tint): VNode {
  if (block.kind === 'paragraph') return <p>{inlines(block.inside, tint)}</p>;
  // A model skips levels as it likes; below the heading of its message there is one.
  if (block.kind === 'heading') return <h3 class={`level${block.level}`}>{inlines(block.inside, tint)}</h3>;
  if (block.kind === 'rule') return <hr />;
  if (block.kind === 'quote') return <blockquote>{block.inside.map((one) => blockOf(one, tint))}</blockquote>;
  if (block.kind === 'code') return codeOf(block, tint);
  if (block.kind === 'table') return tableOf(block, tint);
  const items = block.items.map((item) => <li>{item.map((one) => itemOf(one, tint))}</li>);
  return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
}

/** A paragraph of an item is no paragraph of its own. */
function itemOf(block: Block, tint: Tint): VNode {
  return block.kind === 'paragraph' ? <div class="item">{inlines(block.inside, tint)}</div> : blockOf(block, tint);
}

/** What is wider than the page; keys reach it as well. */
function Scrolling({ label, children }: { readonly label: string; readonly children: ComponentChildren }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="scrolls" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

function codeOf({ language, lines }: Extract<Block, { kind: 'code' }>, tint: Tint): VNode {
  const ends = lines.map((line, index) => (index === lines.length - 1 ? line : { ...line, text: `${line.text}\n` }));
  return (
    <figure class="code">
      <figcaption>
        <bdi>{language}</bdi>
        <CopyButton text={lines.map(({ text }) => text).join('\n')} />
      </figcaption>
      <Scrolling label={words.chat.code(language)}>
        <pre>
          <code>{ends.map((line) => leafOf(line, tint))}</code>
        </pre>
      </Scrolling>
    </figure>
  );
}

function tableOf({ head, rows }: Extract<Block, { kind: 'table' }>, tint: Tint): VNode {
  const cells = (row: Row) => row.map((cell) => <td>{inlines(cell, tint)}</td>);
  return (
    <Scrolling label={words.chat.table}>
      <table>
        <thead>
          <tr>
            {head.map((cell) => (
              <th scope="col">{inlines(cell, tint)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>{cells(row)}</tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function inlines(parts: readonly Inline[], tint: Tint): ComponentChildren {
  return parts.map((part) => {
    if (part.kind === 'text') return leafOf(part, tint);
    if (part.kind === 'code') return <code>{leafOf(part, tint)}</code>;
    const inside = inlines(part.inside, tint);
    if (part.kind === 'strong') return <strong>{inside}</strong>;
    if (part.kind === 'emphasis') return <em>{inside}</em>;
    if (part.kind === 'strike') return <s>{inside}</s>;
    return part.kind === 'link' ? (
      <a href={part.href} target="_blank" rel="noopener noreferrer">
        {inside}
      </a>
    ) : null;
  });
}

function leafOf({ text, at }: Leaf, { drafted }: Tint): ComponentChildren {
  if (drafted === null) return text;
  const end = at + text.length;
  const parts: ComponentChildren[] = [];
  let from = at;
  for (let index = firstEndingAfter(drafted, at); index < drafted.length; index += 2) {
    const [begins, ends] = [Math.max(at, drafted[index] ?? end), Math.min(end, drafted[index + 1] ?? end)];
    if (begins >= end) break;
    if (begins > from) parts.push(text.slice(from - at, begins - at));
    parts.push(<span class="drafted">{text.slice(begins - at, ends - at)}</span>);
    from = ends;
  }
  return from === at ? text : [...parts, text.slice(from - at)];
}

/** Index of the first range that ends after a place, by halves. */
function firstEndingAfter(ranges: readonly number[], at: number): number {
  let [low, high] = [0, ranges.length >> 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[2 * middle + 1] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}
