import { easeCubicInOut, easeCubicOut } from "d3-ease";
import { type Selection as D3Selection, select } from "d3-selection";
import "d3-transition";
import {
  type D3ZoomEvent,
  type ZoomBehavior,
  type ZoomTransform,
  zoom,
  zoomIdentity,
} from "d3-zoom";
import type { Camera, Point } from "../geometry/geometry";

export interface CameraHost {
  /** True if this press may pan; wheel and pinch always zoom. */
  mayPan(event: MouseEvent | TouchEvent): boolean;
  constrain(camera: Camera): Camera;
  onStart(byUser: boolean): void;
  onMove(camera: Camera, byUser: boolean): void;
  onEnd(byUser: boolean): void;
}

const toTransform = (camera: Camera): ZoomTransform =>
  zoomIdentity.translate(camera.x, camera.y).scale(camera.k);

/** Pan, wheel, pinch and flights, through d3-zoom. The camera's truth is d3's transform. */
export class CameraGestures {
  private readonly behavior: ZoomBehavior<HTMLElement, unknown>;
  private readonly selection: D3Selection<HTMLElement, unknown, null, undefined>;

  constructor(
    private readonly stage: HTMLElement,
    host: CameraHost,
  ) {
    this.selection = select(stage);
    this.behavior = zoom<HTMLElement, unknown>()
      .filter((event: MouseEvent | TouchEvent | WheelEvent) => {
        if (event.type === "wheel") return true;
        if ("touches" in event && event.touches.length > 1) return true;
        if ("button" in event && event.button !== 0) return false;
        return host.mayPan(event);
      })
      .wheelDelta((event) => {
        // A trackpad's pinch arrives as a wheel with ctrl: small steps that deserve more weight.
        const unit = event.deltaMode === 1 ? 0.05 : event.deltaMode ? 1 : 0.002;
        return -event.deltaY * unit * (event.ctrlKey ? 6 : 1);
      })
      .clickDistance(4)
      .constrain((transform) => {
        const kept = host.constrain(transform);
        return kept.x === transform.x && kept.y === transform.y ? transform : toTransform(kept);
      })
      .on("start", (event: D3ZoomEvent<HTMLElement, unknown>) => host.onStart(!!event.sourceEvent))
      .on("zoom", (event: D3ZoomEvent<HTMLElement, unknown>) => {
        const { k, x, y } = event.transform;
        host.onMove({ k, x, y }, !!event.sourceEvent);
      })
      .on("end", (event: D3ZoomEvent<HTMLElement, unknown>) => host.onEnd(!!event.sourceEvent));
    // Double clicks and double taps are pointer.ts's.
    this.selection.call(this.behavior).on("dblclick.zoom", null);
    // d3 listens to the wheel without letting the page scroll, except at the ends of the range,
    // where a user who zooms out would suddenly scroll the notebook.
    stage.addEventListener("wheel", preventDefault, { passive: false });
  }

  dispose(): void {
    this.selection.interrupt();
    this.selection.on(".zoom", null);
    this.stage.removeEventListener("wheel", preventDefault);
  }

  setRange(min: number, max: number): void {
    this.behavior.scaleExtent([min, max]);
  }

  /** At once, without a transition. */
  set(camera: Camera): void {
    this.selection.interrupt();
    this.selection.call(this.behavior.transform, toTransform(camera));
  }

  flyTo(camera: Camera, duration: number): void {
    if (duration <= 0) {
      this.set(camera);
      return;
    }
    this.selection
      .transition()
      .duration(duration)
      .ease(easeCubicInOut)
      .call(this.behavior.transform, toTransform(camera));
  }

  zoomBy(factor: number, at: Point | null, duration: number): void {
    const point: [number, number] | undefined = at ? [at.x, at.y] : undefined;
    if (duration <= 0) {
      this.selection.call(this.behavior.scaleBy, factor, point);
      return;
    }
    this.selection
      .transition()
      .duration(duration)
      .ease(easeCubicOut)
      .call(this.behavior.scaleBy, factor, point);
  }
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
