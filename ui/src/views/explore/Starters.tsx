// What an empty explorer offers: questions with their queries.

const STARTERS: ReadonlyArray<readonly [question: string, expr: string]> = [
  ['How busy is each machine?', '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))'],
  ['How much memory is available?', 'node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes'],
  ['When will a disk be full?', 'predict_linear(node_filesystem_avail_bytes[6h], 86400 * 3) < 0'],
  ['Which targets do not answer?', 'up == 0'],
  ['Which targets are slowest to scrape?', 'topk(10, scrape_duration_seconds)'],
  ['Which jobs have most series?', 'topk(20, sum by (job) (scrape_samples_post_metric_relabeling))'],
];

export default function Starters({ onPick }: { onPick(expr: string): void }) {
  return (
    <section className="starters" aria-label="Questions to start from">
      <h2>Type a query above, pick a metric, or start from a question</h2>
      <ul>
        {STARTERS.map(([question, expr]) => (
          <li key={expr}>
            <button type="button" onClick={() => onPick(expr)}>
              <b>{question}</b>
              <code>{expr}</code>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
