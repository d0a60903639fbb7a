/** What the statistics count of messages, presence and annotations, whichever way they came or went. */
import type { Traffic } from '../../../core/counting/app-counters.ts'
import { messageSize } from '../../../core/channel/message-size.ts'

/** Anything whose payload has a size: a message, a presence member or an annotation. */
export type Content = Parameters<typeof messageSize>[0]

/** Counts contents that went one way, together. */
export function countTraffic(traffic: Traffic, contents: readonly Content[]): void {
  traffic.count += contents.length
  for (const content of contents) traffic.data += messageSize(content)
}
