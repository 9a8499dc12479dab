import { type Decimal, parseDecimal } from "../../format/decimal";
import { type Edges, level, priceAt } from "./scale";
import type { Grid } from "./timeline";

/** Where times and prices lie on a chart: as its painter places them. */
export class Plot {
  readonly width: number;
  readonly height: number;
  readonly edges: Edges;
  readonly #grid: Grid;
  readonly #count: number;

  constructor(width: number, height: number, edges: Edges, grid: Grid, count: number) {
    this.width = width;
    this.height = height;
    this.edges = edges;
    this.#grid = grid;
    this.#count = count;
  }

  /** The middle of a moment. */
  x(slot: number): number {
    return this.width - ((this.#count - slot - 0.5) * this.width) / this.#count - 1;
  }

  /** Where a time lies, within the chart. */
  xAt(time: number): number {
    const x = this.x((time - this.#grid.from) / this.#grid.step - 0.5);
    return Math.max(0, Math.min(this.width, x));
  }

  /** The moment at a place, which may lie outside of the chart. */
  slotAt(x: number): number {
    return Math.round(this.#count - 0.5 - ((this.width - 1 - x) * this.#count) / this.width);
  }

  y(price: Decimal): number {
    const { low, high } = this.edges;
    return this.height - 1 - level(price, low, high, this.height - 1);
  }

  yOf(text: string): number {
    const value = parseDecimal(text);
    return value ? this.y(value) : 0;
  }

  /** The price at a height. */
  price(y: number): Decimal {
    return priceAt(this.height - 1 - y, this.edges, this.height - 1);
  }

  /** Whether a height is on the chart. */
  holds(y: number): boolean {
    return y >= 0 && y <= this.height - 1;
  }
}
