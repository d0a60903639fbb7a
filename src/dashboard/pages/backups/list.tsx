/** The list of backups, and what is known of each. */
/** @jsxImportSource hono/jsx */
import type { StoredBackup } from '../../../ops/backup/backup-folder.ts'
import { Form } from '../../view/forms.tsx'
import { Badge, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural, sizeText } from '../../format.ts'
import { sentence } from '../failures.tsx'

export function BackupList({ list }: { list: readonly StoredBackup[] }) {
  return (
    <Table head={['Made', 'Settings', 'History', 'Checked', { unseen: 'What to do with it' }]}>
      {list.map((backup) => (
        <Row backup={backup} />
      ))}
    </Table>
  )
}

function Row({ backup }: { backup: StoredBackup }) {
  const { name, at: made, bytes, historyBytes } = backup
  const path = `/backups/${name}`
  return (
    <tr class="top">
      <td data-label="Made">
        <Time at={made} exact />
        <div class="small faint mono breaks">{name}</div>
      </td>
      <td data-label="Settings" class="nowrap">
        <PageLink path={`${path}/file`}>Download</PageLink>
        <div class="small faint">{sizeText(bytes)}</div>
      </td>
      <td data-label="History" class="nowrap">
        {historyBytes === undefined ? (
          <span class="faint">left out</span>
        ) : (
          <div>
            <PageLink path={`${path}/history`}>Download</PageLink>
            <div class="small faint">{sizeText(historyBytes)}</div>
          </div>
        )}
      </td>
      <td data-label="Checked">
        <Checked checked={backup.checked} />
      </td>
      <td class="actions">
        <span class="row snug">
          <Form action={`${path}/check`}>
            <button class="button small">
              Check<span class="aside"> {name}</span>
            </button>
          </Form>
          <PageLink path={`${path}/remove`} class="button small danger" dialog>
            Remove…<span class="aside"> {name}</span>
          </PageLink>
        </span>
      </td>
    </tr>
  )
}

function Checked({ checked }: { checked: StoredBackup['checked'] }) {
  if (!checked) return <span class="faint">not since the server started</span>
  if (!checked.ok) return <Problem words={sentence(checked.failure.message)} />
  const { masterKeyFits, apps, apiKeys, reservations, history } = checked.value
  if (masterKeyFits !== true)
    return <Problem words="It is whole, but the master key does not open it." />
  const holds = [
    plural(reservations, 'reservation'),
    plural(apps, 'app'),
    plural(apiKeys, 'API key'),
    ...(history ? [`${plural(history.entries, 'kept entry', 'kept entries')} of channels`] : []),
  ]
  return (
    <div>
      <Badge tone="good" icon="check">
        whole, and the key fits
      </Badge>
      <div class="small faint">{holds.join(', ')}</div>
    </div>
  )
}

function Problem({ words }: { words: string }) {
  return (
    <div>
      <Badge tone="bad" icon="alert">
        not usable
      </Badge>
      <div class="small faint">{words}</div>
    </div>
  )
}
