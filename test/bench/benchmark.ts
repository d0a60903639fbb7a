/** What a benchmark is to the runner: something to set up, to measure in parts, and to read figures from. */

/** Our server, or the bare `Bun.serve` it is held against. */
export type Variant = 'ours' | 'bare'

/** Figures by the key of their metric. */
export type Sample = Readonly<Record<string, number>>

/** How large a measurement shall be. */
export interface Scale {
  /** Length of one measured part. */
  readonly seconds: number
  /** A look in passing: fewer connections. */
  readonly quick: boolean
}

/** One variant, set up and warm. */
export interface Session extends AsyncDisposable {
  /** Measures for a while. What the parts of a session find adds up. */
  part(): Promise<void>
  /** The figures over all parts so far. */
  sample(): Sample
}

/**
 * What a figure must reach: `ratio` is ours divided by the other's, `excess` ours minus the other's,
 * `value` ours alone.
 */
export interface Target {
  readonly of: 'ratio' | 'excess' | 'value'
  readonly is: 'at least' | 'at most'
  readonly limit: number
}

export interface Metric {
  readonly key: string
  /** What it is and its unit, as the table says it. */
  readonly label: string
  readonly digits: number
  readonly target?: Target
}

export interface Benchmark {
  readonly name: string
  readonly summary: string
  /** Headings of the two columns, when they are not our server and the bare one. */
  readonly columns?: readonly [ours: string, bare: string]
  readonly metrics: readonly Metric[]
  /** Rounds at most, for what takes long or hardly varies. */
  readonly roundsAtMost?: number
  /**
   * Parts of a round. With more than one, both variants are set up side by side and take turns, because
   * a shared machine changes its speed within a second; with one they are set up one after the other.
   */
  readonly parts: number
  open(variant: Variant, scale: Scale): Promise<Session>
}
