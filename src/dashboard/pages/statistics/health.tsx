/** How the server itself is doing. */
/** @jsxImportSource hono/jsx */
import type { Health, HealthNow } from '../../../ops/health.ts'
import { VERSION } from '../../../version.ts'
import { Chart } from '../../view/chart.tsx'
import { Card, Time } from '../../view/components.tsx'
import { durationText, rateText, sizeText } from '../../format.ts'
import { FigureRow } from '../../view/figures.tsx'

export function ServerHealth({ health }: { health: Health }) {
  const now = health.now()
  return (
    <section class="stack" aria-labelledby="health">
      <h2 id="health">The server itself</h2>
      <FigureRow
        figures={[
          ['Up for', durationText(now.at - now.startedAt)],
          ['Memory', sizeText(now.memoryBytes)],
          ['Delay of the event loop', `${rateText(now.delayMs)} ms`],
          ...(now.disk ? [['Free on the disk', sizeText(now.disk.freeBytes)] as const] : []),
        ]}
      />
      <div class="charts">
        <LastHour health={health} />
      </div>
      <Card title="What runs here">
        <Facts now={now} />
      </Card>
    </section>
  )
}

function LastHour({ health }: { health: Health }) {
  const samples = health.samples()
  if (samples.length < 2)
    return <p class="faint">Memory and delay of the last hour are drawn here after a minute.</p>
  const times = samples.map(({ at }) => at)
  return (
    <>
      <Chart
        data={{
          title: 'Memory in the last hour',
          measure: 'bytes-now',
          unit: 'minute',
          times,
          series: [{ label: 'At most', values: samples.map(({ memoryBytes }) => memoryBytes) }],
        }}
      />
      <Chart
        data={{
          title: 'Delay in the last hour',
          hint: 'How late the event loop came to what was due; from about 100 ms on people notice.',
          measure: 'milliseconds',
          unit: 'minute',
          times,
          series: [{ label: 'At most', values: samples.map(({ delayMs }) => delayMs) }],
        }}
      />
    </>
  )
}

function Facts({ now: { startedAt, disk } }: { now: HealthNow }) {
  return (
    <dl class="facts">
      <dt>Version</dt>
      <dd>Latchkey {VERSION}</dd>
      <dt>Started</dt>
      <dd>
        <Time at={startedAt} exact />
      </dd>
      {disk ? (
        <>
          <dt>Data folder</dt>
          <dd class="mono breaks">{disk.folder}</dd>
          <dt>Settings and statistics</dt>
          <dd>{sizeText(disk.settingsBytes)}</dd>
          <dt>What channels remember</dt>
          <dd>{sizeText(disk.historyBytes)}</dd>
          <dt>Backups</dt>
          <dd>{sizeText(disk.backupBytes)}</dd>
        </>
      ) : (
        <>
          <dt>Data</dt>
          <dd>in memory only, no file</dd>
        </>
      )}
    </dl>
  )
}
