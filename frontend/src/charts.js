import { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, Tooltip } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Legend, Tooltip);

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = (name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

function datasets(chart) {
  if (chart.kind === "transitions") {
    return [{ label: "rows", data: chart.rows, backgroundColor: color("--after") }];
  }
  return [
    { label: "before", data: chart.old, backgroundColor: color("--before") },
    { label: "after", data: chart.new, backgroundColor: color("--after") },
  ];
}

function draw(chart) {
  const canvas = document.getElementById(chart.id);
  canvas.parentElement.style.height = `${chart.names.length * (chart.kind === "transitions" ? 24 : 34) + 70}px`;
  const ink = { color: color("--muted") };
  return new Chart(canvas, {
    type: "bar",
    data: { labels: chart.names.map(short), datasets: datasets(chart) },
    options: {
      animation: false,
      indexAxis: "y",
      maintainAspectRatio: false,
      plugins: { legend: { display: chart.kind === "classes", labels: ink } },
      scales: {
        x: { beginAtZero: true, ticks: { ...ink, precision: 0 }, grid: { color: color("--line") } },
        y: { ticks: { color: color("--fg"), autoSkip: false }, grid: { display: false } },
      },
    },
  });
}

export function drawAll(charts) {
  let drawn = charts.map(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawn.forEach((chart) => chart.destroy());
    drawn = charts.map(draw);
  });
}
