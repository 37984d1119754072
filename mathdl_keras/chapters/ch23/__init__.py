"""Chapter 23. Distributed Training.

Section  Title                             Here
-------  --------------------------------  ---------
23.1     Introduction                      (to come)
23.2     Synchronous Gradient Descent      (to come)
23.3     Asynchronous Gradient Descent     (to come)
23.4     Parallel Efficiency               (to come)
23.5     MPI Communication                 (to come)
23.6     Point-to-point MPI Communication  (to come)
23.7     Python MPI Communication          (to come)
23.8     Brief Concluding Remarks          (to come)
23.9     Exercises                         (to come)
"""
